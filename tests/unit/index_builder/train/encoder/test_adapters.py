from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from index_builder.train.encoder.adapters import choose_trainable, merge_lora, put_back, trainable
from index_builder.train.encoder.encoder_plan import EncoderPlan, LoraPlan
from tests.unit.index_builder.train.small_model import write_small_model

pytestmark = pytest.mark.usefixtures("one_torch_thread")

TEXTS = ["a red shoe", "ink"]
LORA = EncoderPlan(lora=LoraPlan(rank=4))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], SentenceTransformer]:
    folder = tmp_path_factory.mktemp("base")
    with quiet():
        write_small_model(folder, pooling="mean")

    def model() -> SentenceTransformer:
        with quiet():
            return SentenceTransformer(str(folder / "model"), device="cpu", local_files_only=True)

    return model


def learning(model: SentenceTransformer, plan: EncoderPlan) -> set[str]:
    """Which of words, layer 0, layer 1 and LoRA learn."""
    choose_trainable(model, plan)
    parts = {"word_embeddings": "words", "layer.0.": "0", "layer.1.": "1", "lora": "lora"}
    return {part for name in trainable(model) for key, part in parts.items() if key in name}


def test_words_stay_as_they_are_unless_asked_otherwise(opened: Callable[[], SentenceTransformer]) -> None:
    assert learning(opened(), EncoderPlan()) == {"0", "1"}
    assert learning(opened(), EncoderPlan(train_words=True)) == {"words", "0", "1"}
    assert learning(opened(), EncoderPlan(frozen_layers=1)) == {"1"}


def test_a_layer_has_to_be_left_to_learn(opened: Callable[[], SentenceTransformer]) -> None:
    with pytest.raises(ConfigError, match="frozen_layers is 2, but the base model has 2 layers"):
        choose_trainable(opened(), EncoderPlan(frozen_layers=2))


def test_lora_learns_beside_every_matrix_of_the_layers(opened: Callable[[], SentenceTransformer]) -> None:
    model = opened()
    before = model.encode(TEXTS)
    choose_trainable(model, LORA)
    weights = trainable(model)

    assert all("lora_" in name for name in weights)
    # Query, key, value, output and both of feed-forward, in each of 2 layers, with A and B.
    assert len(weights) == 6 * 2 * 2
    # B begins with zeros, so nothing has changed yet.
    np.testing.assert_allclose(model.encode(TEXTS), before, atol=1e-6)


def test_lora_is_merged_into_the_weights(opened: Callable[[], SentenceTransformer], tmp_path: Path) -> None:
    model = opened()
    before = model.encode(TEXTS)
    choose_trainable(model, LORA)
    for weight in trainable(model).values():
        weight.add_(0.02)
    tuned = model.encode(TEXTS)
    merge_lora(model)
    with quiet():
        model.save(str(tmp_path / "saved"), create_model_card=False)
        saved = SentenceTransformer(str(tmp_path / "saved"), device="cpu", local_files_only=True)

    assert np.abs(tuned - before).max() > 0.01
    np.testing.assert_allclose(saved.encode(TEXTS), tuned, atol=1e-5)
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in opened().named_parameters()]


def test_loras_first_weights_follow_from_the_seed(opened: Callable[[], SentenceTransformer]) -> None:
    def first(seed: int) -> torch.Tensor:
        model = opened()
        choose_trainable(model, replace(LORA, seed=seed))
        return next(iter(trainable(model).values()))

    state = torch.get_rng_state()
    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))
    assert torch.equal(torch.get_rng_state(), state)


def test_weights_of_another_plan_are_not_put_back(opened: Callable[[], SentenceTransformer]) -> None:
    model, other = opened(), opened()
    choose_trainable(model, EncoderPlan())
    choose_trainable(other, EncoderPlan(frozen_layers=1))
    weights = {name: weight + 1 for name, weight in trainable(other).items()}

    with pytest.raises(KeyError):
        put_back(model, weights)
    put_back(other, weights)
    assert all(torch.equal(weight, weights[name]) for name, weight in trainable(other).items())
