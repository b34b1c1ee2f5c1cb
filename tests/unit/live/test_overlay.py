"""Layers as the stages read them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.live.overlay import LayeredCatalog, LiveProduct, Overlay
from engine.live.past_queries import LayeredPastQueries
from engine.live.suggestions import LiveNames
from engine.live.vectors import LayeredVectors
from engine.types import FloatArray, PastQuery
from tests.unit.live.live_fakes import DIMENSION, ListedCatalog, product
from tests.unit.stages.vector_fakes import ExactVectors

BASE = ListedCatalog([product("a", "A", brand="Inko"), product("b", "B"), product("c", "C")])
OVERLAY = Overlay(
    base=3,
    sequence=3,
    entries={1: LiveProduct(product("b", "B", brand="New"), "b now"), 3: LiveProduct(product("d", "D"), "d")},
    rows={"b": 1, "d": 3, "c": None},
    alive=np.array([True, True, False, True]),
    vectors=np.ones((1, DIMENSION), np.float32),
    moves={2: -1},
)


def test_entries_stand_in_the_place_of_rows() -> None:
    catalog = LayeredCatalog(BASE, OVERLAY)
    rows = np.array([3, 0, 1])

    assert [each.title for each in catalog.products(rows)] == ["D", "A", "B"]
    assert catalog.ids(rows) == ["d", "a", "b"]
    assert catalog.texts(rows) == ["d", "text of a", "b now"]
    assert [catalog.row_of(each) for each in ("a", "b", "c", "d", "e")] == [0, 1, None, 3, None]


class TwoQueries:
    """Fits `PastQueries`."""

    def __len__(self) -> int:
        return 2

    def get(self, row: int) -> PastQuery:
        return (PastQuery("ink", 2, np.array([2, 0])), PastQuery("pen", 1, np.array([1])))[row]

    def suggest(self, prefix: str, limit: int) -> list[PastQuery]:
        return [self.get(row) for row in range(2)][:limit]


def test_past_queries_leave_out_what_is_no_more() -> None:
    queries = LayeredPastQueries(TwoQueries(), OVERLAY, LiveNames(3))

    assert [queries.get(row).rows.tolist() for row in range(len(queries))] == [[0], [1]]
    assert [each.text for each in queries.suggest("", 5)] == ["ink", "pen"]


def vector(seed: int) -> FloatArray:
    return np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)


@given(st.lists(st.integers(1, 2**16), max_size=16, unique=True), st.integers(0, 16), st.integers(1, 20))
def test_a_search_over_both_parts_is_a_search_over_all(seeds: list[int], cut: int, limit: int) -> None:
    """All vectors differ: the last bit of a product depends on what is multiplied beside it."""
    whole = np.array([vector(seed) for seed in seeds], np.float32).reshape(-1, DIMENSION)
    layered = LayeredVectors(ExactVectors(whole[:cut]), whole[cut:])
    query = vector(0)
    mask = np.random.default_rng(limit).random(len(whole)) < 0.7

    for chosen in (None, mask):
        found = layered.search(query[None], limit, chosen)[0]
        expected = ExactVectors(whole).search(query[None], limit, chosen)[0]
        assert found.rows.tolist() == expected.rows.tolist()
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-4, atol=1e-5)
        assert found.complete == expected.complete
    rows = np.flatnonzero(mask)[::-1]
    np.testing.assert_array_equal(layered.vectors(rows), whole[rows])


def test_a_mask_of_another_length_is_refused() -> None:
    layered = LayeredVectors(ExactVectors(np.ones((2, DIMENSION), np.float32)), OVERLAY.vectors)

    with pytest.raises(ValueError, match="mask has the shape"):
        layered.search(np.ones((1, DIMENSION), np.float32), 1, np.ones(2, np.bool_))
