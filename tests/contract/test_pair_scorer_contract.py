"""Every form of the cross-encoder keeps these; float32 torch on the CPU is the measure of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backends.cross_encoder import CrossEncoder, open_cross_encoder
from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.errors import ConfigError, DamagedGenerationError
from engine.types import FloatArray
from index_builder.train.queries.query import TrainingPair
from tests.conftest import Sample
from tests.contract.model_damage import damaged_copy

pytestmark = pytest.mark.usefixtures("one_torch_thread")

BACKENDS = ["onnx", "torch-cpu", pytest.param("torch-cuda", marks=pytest.mark.gpu)]


def open_backend(name: str, folder: Path) -> CrossEncoder:
    if name == "onnx":
        return OnnxCrossEncoder.open(folder, threads=1)
    import torch

    from engine.backends.torch_cross_encoder import TorchCrossEncoder

    if name == "torch-cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return TorchCrossEncoder.open(folder, device=name.removeprefix("torch-"))


@pytest.fixture(scope="module", params=BACKENDS)
def scorer(request: pytest.FixtureRequest, cross_encoder_folder: Path) -> CrossEncoder:
    return open_backend(request.param, cross_encoder_folder)


@pytest.fixture(scope="module")
def scores(scorer: CrossEncoder, sample_pairs: list[TrainingPair]) -> FloatArray:
    return score_all(scorer, sample_pairs)


@pytest.fixture(scope="module")
def reference(cross_encoder_folder: Path, sample_pairs: list[TrainingPair]) -> FloatArray:
    return score_all(open_backend("torch-cpu", cross_encoder_folder), sample_pairs)


def score_all(scorer: CrossEncoder, pairs: list[TrainingPair]) -> FloatArray:
    return scorer.score_pairs([pair.query for pair in pairs], [pair.product_text for pair in pairs])


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Spearman's: the correlation of ranks."""
    ranks = [np.argsort(np.argsort(scores)) for scores in (first, second)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def test_scores_are_probabilities(scores: FloatArray, sample_pairs: list[TrainingPair]) -> None:
    assert scores.dtype == np.float32
    assert scores.shape == (len(sample_pairs),)
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_products_that_answer_score_higher_than_others(
    scores: FloatArray, sample_pairs: list[TrainingPair]
) -> None:
    labels = np.array([pair.label for pair in sample_pairs])
    answers, others = scores[labels == 1], scores[labels == 0]

    # The share of (answer, other) pairs in the right order: the area under the ROC curve; chance gives .5.
    assert (answers[:, None] > others[None, :]).mean() > 0.9


def test_no_texts_give_no_scores(scorer: CrossEncoder) -> None:
    assert scorer.score("printer", []).shape == (0,)


def test_scores_come_in_the_order_of_the_texts(scorer: CrossEncoder, sample: Sample) -> None:
    texts = sample.texts[:60]
    order = np.random.default_rng(0).permutation(len(texts))

    straight, shuffled = (
        scorer.score("printer", texts),
        scorer.score("printer", [texts[row] for row in order]),
    )

    np.testing.assert_allclose(shuffled, straight[order], atol=tolerance(scorer))


def test_a_score_does_not_depend_on_the_pairs_beside_it(
    scorer: CrossEncoder, scores: FloatArray, sample_pairs: list[TrainingPair]
) -> None:
    alone = [scorer.score(pair.query, [pair.product_text])[0] for pair in sample_pairs[:40]]

    np.testing.assert_allclose(alone, scores[:40], atol=tolerance(scorer))


def tolerance(scorer: CrossEncoder) -> float:
    """Half precision on a GPU may sum in another order in a batch of another shape."""
    return 0.005 if scorer.device == "cpu" else 0.03


def test_one_query_scores_as_its_pairs_do(scorer: CrossEncoder, sample: Sample) -> None:
    texts = sample.texts[:20]

    np.testing.assert_allclose(
        scorer.score("wireless printer", texts),
        scorer.score_pairs(["wireless printer"] * 20, texts),
        atol=1e-6,
    )


def test_scores_order_pairs_as_the_reference_does(scores: FloatArray, reference: FloatArray) -> None:
    assert rank_correlation(scores, reference) >= 0.97
    assert np.abs(scores - reference).mean() <= 0.02


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("printer", "ink " * 5_000),
        ("printer " * 5_000, "ink"),
        ("p " * 5_000, "i " * 5_000),
        ("", ""),
        ("黑色墨盒", ""),
    ],
)
def test_any_pair_has_a_score(scorer: CrossEncoder, query: str, text: str) -> None:
    [score] = scorer.score(query, [text])

    assert 0 <= score <= 1


def test_queries_and_texts_of_different_number_are_a_mistake_of_the_caller(scorer: CrossEncoder) -> None:
    with pytest.raises(ValueError, match="zip"):
        scorer.score_pairs(["printer"], ["ink", "paper"])


@pytest.mark.parametrize("damage", ["missing", "cut", "replaced"])
@pytest.mark.parametrize("name", ["spec.json", "tokenizer.json", "model.onnx"])
def test_a_damaged_file_is_named(cross_encoder_folder: Path, tmp_path: Path, name: str, damage: str) -> None:
    with pytest.raises(DamagedGenerationError, match=name):
        open_cross_encoder(
            damaged_copy(cross_encoder_folder, tmp_path, name, damage), device="cpu", threads=1
        )


@pytest.mark.parametrize("name", ["torch/model.safetensors", "torch/head.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "cut", "replaced"])
def test_damaged_torch_weights_are_named(
    cross_encoder_folder: Path, tmp_path: Path, name: str, damage: str
) -> None:
    with pytest.raises(DamagedGenerationError, match="torch"):
        open_backend("torch-cpu", damaged_copy(cross_encoder_folder, tmp_path, name, damage))


def test_the_device_decides_the_form(cross_encoder_folder: Path) -> None:
    assert isinstance(open_cross_encoder(cross_encoder_folder, device="cpu", threads=1), OnnxCrossEncoder)
    with pytest.raises(ConfigError, match="'tpu' is unknown"):
        open_cross_encoder(cross_encoder_folder, device="tpu", threads=1)
