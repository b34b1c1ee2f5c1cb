from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from engine.types import FloatArray
from index_builder.train.encoder.adapters import choose_trainable, trainable
from index_builder.train.encoder.encoder_plan import EncoderPlan, LoraPlan
from index_builder.train.encoder.rotation import principal_rotation, rotations, turn
from index_builder.train.encoder.turned_base import turned_base
from tests.unit.index_builder.train.small_model import write_small_model

TEXTS = ["black ink", "red mouse pad", "usb keyboard", "laser printer", "desk lamp", "paper", "toner"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_small_model(folder, pooling="mean")
    return folder / "model"


def embedded(folder: Path) -> FloatArray:
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    vectors: FloatArray = model.encode(TEXTS, prompt="", normalize_embeddings=True)
    return vectors


def kept(vectors: FloatArray, components: int) -> float:
    """Mean share of a unit vector's square that its first components hold."""
    return float((vectors[:, :components] ** 2).sum(axis=1).mean())


def test_the_first_components_hold_what_varies_most() -> None:
    vectors = np.array([[0.1, 2.0, 0.0], [-0.1, 1.0, 0.0], [0.1, -3.0, 0.5]], np.float32)

    turned = vectors @ principal_rotation([vectors])

    assert np.diff((turned**2).sum(axis=0)).max() <= 0
    assert turned @ turned.T == pytest.approx(vectors @ vectors.T, abs=1e-5)


def test_groups_count_alike_however_large_they_are() -> None:
    few, many = np.array([[1.0, 0.0]], np.float32), np.tile(np.array([[0.0, 0.9]], np.float32), (50, 1))

    # Mean squares are 1 and .81: the group of one decides.
    assert np.abs(principal_rotation([few, many])[:, 0]) == pytest.approx([1, 0])


def test_a_turned_model_keeps_every_cosine_and_says_more_with_less(base: Path, tmp_path: Path) -> None:
    turned = turned_base(base, TEXTS, TEXTS, EncoderPlan(dimensions=(8,)), tmp_path)

    before, after = embedded(base), embedded(turned)

    assert after @ after.T == pytest.approx(before @ before.T, abs=1e-5)
    assert kept(after, 4) > kept(before, 4)


def test_a_turned_base_that_is_there_is_taken_as_it_is(base: Path, tmp_path: Path) -> None:
    first = turned_base(base, TEXTS, TEXTS, EncoderPlan(dimensions=(8,)), tmp_path)
    stamp = (first / "modules.json").stat().st_mtime_ns

    assert turned_base(base, TEXTS[:2], TEXTS[:2], EncoderPlan(dimensions=(8,)), tmp_path) == first
    assert (first / "modules.json").stat().st_mtime_ns == stamp


def test_nothing_is_turned_where_nothing_will_be_cut(base: Path, tmp_path: Path) -> None:
    assert turned_base(base, TEXTS, TEXTS, EncoderPlan(dimensions=()), tmp_path) == base


@pytest.mark.parametrize("lora", [None, LoraPlan(rank=2)])
def test_the_turn_does_not_learn(base: Path, lora: LoraPlan | None) -> None:
    model = SentenceTransformer(str(base), device="cpu", local_files_only=True)
    turn(model, np.eye(32, dtype=np.float32))

    choose_trainable(model, EncoderPlan(lora=lora))

    assert len(rotations(model)) == 1
    assert not any("linear" in name and not name.startswith("0.") for name in trainable(model))
