from __future__ import annotations

import math

import numpy as np
import pytest

from index_builder.train.reranker.pair_lists import PairList
from index_builder.train.reranker.pair_quality import Quality, ndcg, quality_of
from tests.unit.index_builder.train.reranker.test_pair_losses import pair_list


def floats(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_ndcg_has_linear_gains_and_a_cut() -> None:
    # Found: grade .5 first, then 1; the best is the other way round.
    found = ndcg(floats(2, 1, 0), floats(0.5, 1, 0))
    assert found == pytest.approx((0.5 + 1 / math.log2(3)) / (1 + 0.5 / math.log2(3)))

    eleven = floats(*range(11))  # the only answer is the lowest
    assert ndcg(eleven, floats(1, *[0] * 10)) == 0


def test_equal_scores_gain_nothing() -> None:
    assert ndcg(floats(0, 0), floats(1, 0)) == pytest.approx(1 / math.log2(3))


def test_quality_weighs_lists() -> None:
    lists = [pair_list(1, 0), pair_list(1, 0, weight=3)]
    quality = quality_of([floats(1, -1), floats(-1, 1)], lists)

    assert quality.ndcg == pytest.approx((1 + 3 / math.log2(3)) / 4)
    assert quality.accuracy == pytest.approx(1 / 4)


def test_lists_without_an_order_count_for_probabilities_alone() -> None:
    quality = quality_of([floats(0, 0), floats(0)], [pair_list(1, 1), pair_list(0)])

    # Logits of 0 say 1/2, which counts as an answer: right for the first list, wrong for the second.
    assert (quality.ndcg, quality.accuracy) == (1.0, 0.5)
    assert quality.log_loss == pytest.approx(math.log(2))


def test_a_better_order_and_better_probabilities_both_make_a_better_step() -> None:
    assert Quality(0.9, 0.5, 0.5).score == pytest.approx(0.9 - 0.5)
    assert Quality(0.9, 0.5, 0.4).score > Quality(0.9, 0.5, 0.5).score > Quality(0.8, 0.5, 0.5).score
    lucky, trained = Quality(0.86, 0.45, 1.62), Quality(0.84, 0.85, 0.38)
    assert trained.score > lucky.score


def test_ungraded_lists_are_left_out() -> None:
    lists: list[PairList] = [pair_list(teacher=(0, 1), graded=False), pair_list(1, 0)]

    assert quality_of([floats(0, 9), floats(1, -1)], lists).ndcg == 1.0
