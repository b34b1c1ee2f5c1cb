"""Every form of the dual encoder keeps these; float32 torch on the CPU is what the others are measured by."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.backends.encoder import DualEncoder, open_encoder
from engine.backends.onnx_encoder import OnnxEncoder
from engine.errors import ConfigError, DamagedGenerationError
from engine.types import FloatArray
from index_builder.evaluate import measure
from index_builder.judgements import Judgements
from tests.conftest import Sample
from tests.contract.model_damage import damaged_copy

pytestmark = pytest.mark.usefixtures("one_torch_thread")

BACKENDS = ["onnx", "torch-cpu", pytest.param("torch-cuda", marks=pytest.mark.gpu)]


def open_backend(name: str, folder: Path) -> DualEncoder:
    if name == "onnx":
        return OnnxEncoder.open(folder, threads=1)
    import torch

    from engine.backends.torch_encoder import TorchEncoder

    if name == "torch-cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return TorchEncoder.open(folder, device=name.removeprefix("torch-"))


@pytest.fixture(scope="module", params=BACKENDS)
def encoder(request: pytest.FixtureRequest, encoder_folder: Path) -> DualEncoder:
    return open_backend(request.param, encoder_folder)


@pytest.fixture(scope="module")
def products(encoder: DualEncoder, sample: Sample) -> FloatArray:
    return encoder.encode_products(sample.texts)


@pytest.fixture(scope="module")
def reference(encoder_folder: Path, sample: Sample) -> tuple[FloatArray, FloatArray]:
    """Embeddings of the sample's products and queries, in float32."""
    torch_encoder = open_backend("torch-cpu", encoder_folder)
    return torch_encoder.encode_products(sample.texts), torch_encoder.encode_queries(sample.queries)


def top(queries: FloatArray, products: FloatArray, depth: int) -> list[list[int]]:
    order: list[list[int]] = np.argsort(-(queries @ products.T), axis=1, kind="stable")[:, :depth].tolist()
    return order


def ndcg(queries: FloatArray, products: FloatArray, sample: Sample) -> float:
    rankings = dict(zip(sample.judgements.queries, top(queries, products, 100), strict=True))
    run = {
        query_id: {sample.product_ids[row]: -float(rank) for rank, row in enumerate(rows)}
        for query_id, rows in rankings.items()
    }
    return measure(run, sample.judgements).means["ndcg@10"]


def test_rows_are_unit_vectors_of_the_stated_dimension(encoder: DualEncoder, products: FloatArray) -> None:
    assert products.dtype == np.float32
    assert products.shape[1] == encoder.dimension == 384
    np.testing.assert_allclose(np.linalg.norm(products, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder: DualEncoder) -> None:
    assert encoder.encode_products([]).shape == (0, encoder.dimension)
    assert encoder.encode_queries([]).shape == (0, encoder.dimension)


def test_rows_come_in_the_order_of_the_texts(
    encoder: DualEncoder, products: FloatArray, sample: Sample
) -> None:
    order = np.random.default_rng(0).permutation(len(sample.texts))

    shuffled = encoder.encode_products([sample.texts[row] for row in order])

    # Half precision on a GPU may sum in another order in a batch of another shape.
    assert (shuffled * products[order]).sum(axis=1).min() > 0.999


def test_an_embedding_does_not_depend_on_the_texts_beside_it(
    encoder: DualEncoder, products: FloatArray, sample: Sample
) -> None:
    alone = np.concatenate([encoder.encode_products([text]) for text in sample.texts[:40]])

    cosines = (alone * products[:40]).sum(axis=1)
    assert cosines.min() > (0.99999 if encoder.device == "cpu" else 0.999)


def test_embeddings_stay_near_the_reference(
    encoder: DualEncoder, products: FloatArray, sample: Sample, reference: tuple[FloatArray, FloatArray]
) -> None:
    queries = encoder.encode_queries(sample.queries)

    for found, wanted in zip((products, queries), reference, strict=True):
        cosines = (found * wanted).sum(axis=1)
        assert cosines.mean() >= 0.99
        assert cosines.min() >= 0.97


def test_the_ten_nearest_products_stay_the_same(
    encoder: DualEncoder, products: FloatArray, sample: Sample, reference: tuple[FloatArray, FloatArray]
) -> None:
    found = top(encoder.encode_queries(sample.queries), products, 10)
    wanted = top(reference[1], reference[0], 10)

    shared = [len(set(a) & set(b)) / 10 for a, b in zip(found, wanted, strict=True)]
    assert np.mean(shared) >= 0.85


def test_relevance_stays_within_half_a_point(
    encoder: DualEncoder, products: FloatArray, sample: Sample, reference: tuple[FloatArray, FloatArray]
) -> None:
    found = ndcg(encoder.encode_queries(sample.queries), products, sample)

    assert found == pytest.approx(ndcg(reference[1], reference[0], sample), abs=0.005)


def test_the_sample_judgements_are_those_of_the_sample_products(sample: Sample) -> None:
    judgements: Judgements = sample.judgements
    judged = {product_id for ratings in judgements.ratings.values() for product_id in ratings}

    assert len(judgements.queries) >= 40
    assert judged <= set(sample.product_ids)


@pytest.mark.parametrize(
    "text", ["", " ", "黑色 墨盒", "🖨️", "\ud800 half a character", "ink\x00jet", "word " * 5_000]
)
def test_any_text_has_an_embedding(encoder: DualEncoder, text: str) -> None:
    vector = encoder.encode_queries([text])

    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_what_is_past_the_longest_text_is_not_read(encoder: DualEncoder) -> None:
    long = "printer " * 200

    np.testing.assert_allclose(
        encoder.encode_products([long]), encoder.encode_products([long + "banana " * 50]), atol=1e-6
    )


def test_threads_share_an_encoder(encoder: DualEncoder, sample: Sample) -> None:
    wanted = [encoder.encode_queries([query]) for query in sample.queries]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda query: encoder.encode_queries([query]), sample.queries))

    np.testing.assert_allclose(np.concatenate(found), np.concatenate(wanted), atol=1e-6)


@pytest.mark.parametrize("damage", ["missing", "cut", "replaced"])
@pytest.mark.parametrize("name", ["spec.json", "tokenizer.json", "model.onnx"])
def test_a_damaged_file_is_named(encoder_folder: Path, tmp_path: Path, name: str, damage: str) -> None:
    with pytest.raises(DamagedGenerationError, match=name):
        open_encoder(damaged_copy(encoder_folder, tmp_path, name, damage), device="cpu", threads=1)


@pytest.mark.parametrize("damage", ["missing", "cut", "replaced"])
def test_damaged_torch_weights_are_named(encoder_folder: Path, tmp_path: Path, damage: str) -> None:
    copy = damaged_copy(encoder_folder, tmp_path, "torch/model.safetensors", damage)

    with pytest.raises(DamagedGenerationError, match="torch"):
        open_backend("torch-cpu", copy)


def test_the_device_decides_the_form(encoder_folder: Path) -> None:
    assert isinstance(open_encoder(encoder_folder, device="cpu", threads=1), OnnxEncoder)


def test_an_unknown_device_is_refused(encoder_folder: Path) -> None:
    with pytest.raises(ConfigError, match="'tpu' is unknown"):
        open_encoder(encoder_folder, device="tpu", threads=1)


def test_cuda_without_a_gpu_is_refused(encoder_folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ConfigError, match="torch sees no GPU"):
        open_encoder(encoder_folder, device="cuda", threads=1)
    assert open_encoder(encoder_folder, device="auto", threads=1).device == "cpu"


def test_serving_on_a_cpu_never_loads_torch(encoder_folder: Path, cross_encoder_folder: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from engine.backends.cross_encoder import open_cross_encoder
from engine.backends.encoder import open_encoder
encoder = open_encoder(Path({str(encoder_folder)!r}), device="cpu", threads=1)
encoder.encode_queries(["ink"])
scorer = open_cross_encoder(Path({str(cross_encoder_folder)!r}), device="cpu", threads=1)
scorer.score("ink", ["black ink"])
loaded = [name for name in ("torch", "transformers", "sentence_transformers") if name in sys.modules]
sys.exit(f"loaded {{loaded}}" if loaded else 0)
"""
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stderr
