from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backends.graph_vectors import ENTITIES, PRODUCTS, GraphVectors
from engine.errors import DamagedGenerationError

EAST, NORTH, WEST, NORTH_EAST, NOWHERE = (1, 0), (0, 1), (-1, 0), (0.6, 0.8), (0, 0)


def vectors() -> GraphVectors:
    return GraphVectors(
        np.array([EAST, NORTH, NOWHERE], np.float16), np.array([EAST, WEST, NORTH_EAST], np.float16)
    )


def test_a_product_scores_its_mean_cosine_to_the_entities() -> None:
    scores = vectors().scores([0, 1], np.array([2, 0]))

    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx([(0.6 + 0.8) / 2, (1 + 0) / 2], abs=1e-3)


def test_standing_against_an_entity_counts_as_nothing() -> None:
    assert vectors().scores([0], np.array([1])).tolist() == [0.0]
    assert vectors().scores([0, 1], np.array([1])).tolist() == [0.0]


def test_an_entity_that_the_graph_knows_nothing_of_scores_0() -> None:
    assert vectors().scores([2], np.array([0, 1, 2])).tolist() == [0.0, 0.0, 0.0]


def test_no_entities_or_no_rows() -> None:
    assert vectors().scores([], np.array([0, 1])).tolist() == [0.0, 0.0]
    assert vectors().scores([0], np.empty(0, np.int64)).shape == (0,)


def test_what_was_written_is_opened_as_it_was(tmp_path: Path) -> None:
    vectors().write(tmp_path)

    opened = GraphVectors.open(tmp_path)

    assert isinstance(opened.entities, np.memmap)
    assert np.array_equal(opened.entities, vectors().entities)
    assert np.array_equal(opened.products, vectors().products)


@pytest.mark.parametrize("name", [ENTITIES, PRODUCTS])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"no array"),
        lambda path: np.save(path, np.zeros((2, 3), np.float16)),
        lambda path: np.save(path, np.zeros((3, 2), np.float32)),
        lambda path: np.save(path, np.zeros(3, np.float16)),
    ],
    ids=["missing", "not an array", "other width", "other type", "other shape"],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, damage: object) -> None:
    vectors().write(tmp_path)
    assert callable(damage)
    damage(tmp_path / name)

    with pytest.raises(DamagedGenerationError, match=r"_vectors\.npy"):
        GraphVectors.open(tmp_path)
