from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from engine.deadline import Deadline
from engine.errors import CancelledError, FilterSyntaxError, InvalidArgumentError
from engine.types import Candidates, FloatArray, Mask, Product, ProductId, RowArray
from engine.vector_search import VectorRequest, VectorResult, VectorSearch
from tests.shelf import SHELF, columns_of

ROWS = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], np.float32)


class Exact:
    """The shelf's products in two dimensions."""

    dimension = 2

    def __len__(self) -> int:
        return len(ROWS)

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        rows = np.flatnonzero(np.ones(len(ROWS), np.bool_) if mask is None else mask)
        scores = ROWS[rows] @ vectors[0]
        return [Candidates.ranked(rows, scores, limit=limit)]

    def vectors(self, rows: RowArray) -> FloatArray:
        return ROWS[rows]


def products(rows: RowArray) -> Sequence[Product]:
    return [SHELF[row] for row in rows.tolist()]


def ids(rows: RowArray) -> Sequence[ProductId]:
    return [SHELF[row].id for row in rows.tolist()]


def search(vector: list[float], **asked: object) -> VectorResult:
    over = VectorSearch("g1", Exact(), columns_of(SHELF), products, ids)
    request = VectorRequest(np.array(vector, np.float32), **asked)  # type: ignore[arg-type]  # its fields
    return over(request, Deadline.none())


def test_scores_are_cosines_whatever_the_length_of_the_vector() -> None:
    for length in (1e-20, 1.0, 4e38):  # the last one is no float32, but its parts are
        found = search([0.6 * length, 0.8 * length], page_size=3)

        assert [hit.product for hit in found.hits] == [SHELF[2], SHELF[1], SHELF[0]]
        assert [hit.rank for hit in found.hits] == [1, 2, 3]
        assert [hit.score for hit in found.hits] == pytest.approx([1.0, 0.8, 0.6])
        assert found.generation_id == "g1"


def test_a_filter_lets_only_what_passes_be_found() -> None:
    found = search([1.0, 0.0], filter="price > 100")

    assert [hit.product.id for hit in found.hits] == [SHELF[1].id]
    with pytest.raises(FilterSyntaxError):
        search([1.0, 0.0], filter="price >")


def test_ids_alone_are_enough_when_nothing_else_is_asked_for() -> None:
    found = search([1.0, 0.0], page_size=1, ids_only=True)

    assert [hit.product for hit in found.hits] == [Product(SHELF[0].id, "")]


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        ([1.0], "vector has 1 numbers; this generation's embeddings have 2."),
        ([], "vector has 0 numbers"),
        ([0.0, 0.0], "no direction"),
        ([np.nan, 1.0], "no direction"),
        ([np.inf, 1.0], "no direction"),
    ],
)
def test_a_vector_without_a_direction_or_of_another_length_is_refused(vector: list[float], said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=re.escape(said)) as refused:
        search(vector)

    assert refused.value.field == "vector"


def test_nothing_is_searched_for_a_caller_that_is_gone() -> None:
    over = VectorSearch("g1", Exact(), columns_of(SHELF), products, ids)

    with pytest.raises(CancelledError):
        over(VectorRequest(ROWS[0]), Deadline(cancelled=lambda: True))
