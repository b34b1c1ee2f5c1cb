import numpy as np
import pytest

from index_builder.train.fusion.fit import fit_weights
from index_builder.train.fusion.graded_list import PARTS
from index_builder.train.fusion.pairs import Pairs, joined, query_pairs
from tests.unit.index_builder.train.fusion.graded_lists import BY_HAND, lists_told_by, parts

NO_PAIRS = Pairs(np.empty((0, len(PARTS))), np.empty(0))


def test_without_anything_to_learn_the_weights_stay() -> None:
    assert fit_weights(NO_PAIRS, BY_HAND, 0.01).tolist() == pytest.approx(BY_HAND.tolist())


def test_a_single_pair_moves_the_weight_to_where_loss_and_pull_balance() -> None:
    """With d the difference and w the weight of 2 by hand, 2 x pull x (w - 2) / 2^2 = d / (1 + e^(d w))."""
    [dense] = [place for place, part in enumerate(PARTS) if part == "lexical"]
    pair = Pairs(parts(1, lexical=[0.5]), np.ones(1))

    moved = fit_weights(pair, BY_HAND, 0.1)

    weight = moved[dense]
    assert weight > BY_HAND[dense]
    assert 2 * 0.1 * (weight - 2) / 4 == pytest.approx(0.5 / (1 + np.exp(0.5 * weight)), rel=1e-3)
    assert np.delete(moved, dense).tolist() == pytest.approx(np.delete(BY_HAND, dense).tolist())


def test_a_part_that_speaks_for_the_worse_products_falls_to_0_but_not_below() -> None:
    pairs = Pairs(parts(1, dense=[-0.5]), np.ones(1))

    assert fit_weights(pairs, BY_HAND, 1e-4)[PARTS.index("dense")] == 0.0


def test_the_part_that_tells_who_answers_gains_on_the_one_that_misleads() -> None:
    pairs = joined(query_pairs(lists_told_by("dense", {"lexical": 1.0}, 20), seed=0), 0.0)

    learned = fit_weights(pairs, BY_HAND, 0.01)

    share = learned / BY_HAND.clip(0.2)
    assert share[PARTS.index("dense")] > 1 > share[PARTS.index("lexical")]


def test_a_stronger_pull_keeps_weights_closer() -> None:
    pairs = joined(query_pairs(lists_told_by("dense", {"lexical": 1.0}, 20), seed=0), 0.0)

    far, near = (np.abs(fit_weights(pairs, BY_HAND, pull) - BY_HAND).sum() for pull in (0.001, 1.0))

    assert near < far / 10
