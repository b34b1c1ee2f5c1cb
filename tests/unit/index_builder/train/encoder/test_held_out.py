from __future__ import annotations

from collections.abc import Sequence
from math import log2

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.types import FloatArray
from index_builder.train.encoder.held_out import HeldOut
from tests.unit.index_builder.train.small_queries import query

ROWS = 500
TEXTS = [str(row) for row in range(ROWS)]


class ByNumber:
    """A text is a number, and the closer two numbers are, the closer are their texts."""

    id, dimension, device = "by number", 2, "cpu"

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        angles = np.array([float(text) for text in texts]) / ROWS
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    encode_queries = encode_products = _encode


def measured(*queries: object, products: int = ROWS) -> dict[str, float]:
    return HeldOut(queries, TEXTS, products=products, seed=0).measure(ByNumber())  # type: ignore[arg-type]  # all are queries


def test_ndcg_is_over_the_first_ten_with_grades_as_gains() -> None:
    # Nearest to 0.1 are 0, 1, 2, ...: the better product is second, the worse one third.
    found = measured(query("0.1", {1: 1.0, 2: 0.5}))

    assert found["ndcg@10"] == pytest.approx((1 / log2(3) + 0.5 / log2(4)) / (1 / log2(2) + 0.5 / log2(3)))


def test_an_answer_that_nobody_graded_leaves_its_place_to_the_next() -> None:
    assert measured(query("0.1", {1: 1.0}, answers=(0,)))["ndcg@10"] == 1.0
    assert measured(query("0.1", {1: 1.0}))["ndcg@10"] == pytest.approx(1 / log2(3))


def test_recall_is_of_as_many_as_a_hundred_can_hold() -> None:
    # 100 of these 120 answers are the nearest; of the other two, one is too far away.
    assert measured(query("0", {0: 1.0}, answers=tuple(range(120))))["recall@100"] == 1.0
    assert measured(query("0", {0: 1.0}, answers=(400,)))["recall@100"] == 0.5


def test_score_is_the_mean_of_both_and_each_query_counts_the_same() -> None:
    good, bad = query("3", {3: 1.0}), query("3", {400: 1.0})

    assert measured(good) == {"ndcg@10": 1.0, "recall@100": 1.0, "score": 1.0}
    assert measured(bad) == {"ndcg@10": 0.0, "recall@100": 0.0, "score": 0.0}
    assert measured(good, bad)["score"] == 0.5


def test_the_corpus_holds_what_was_graded_some_answers_and_others() -> None:
    asked = query("0", {0: 1.0, 9: 0.1}, answers=tuple(range(200)))
    rows = HeldOut([asked], TEXTS, products=90, seed=0).rows.tolist()

    assert rows == sorted(set(rows)) == HeldOut([asked], TEXTS, products=90, seed=0).rows.tolist()
    # Two graded ones, answers up to two thirds of 90, and 30 others at least.
    assert {0, 9} < set(rows)
    assert len(rows) == 90
    assert sum(row >= 200 for row in rows) == 30
    assert rows != HeldOut([asked], TEXTS, products=90, seed=1).rows.tolist()


def test_graded_products_are_never_left_out() -> None:
    many = query("0", dict.fromkeys(range(50), 1.0))

    assert set(range(50)) <= set(HeldOut([many], TEXTS, products=20, seed=0).rows.tolist())


def test_queries_without_an_answer_tell_nothing() -> None:
    assert len(HeldOut([query("0", {0: 1.0}), query("1", {1: 0.2})], TEXTS, products=9, seed=0)) == 1
    with pytest.raises(ConfigError, match="No held-out query has a product that answers it"):
        measured(query("1", {1: 0.2}))
