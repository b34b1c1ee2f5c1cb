"""p against all sign flips written out, the t-test against its formula, intervals against what they hold."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from index_builder.significance import (
    ENUMERATED,
    PERMUTATIONS,
    bootstrap_interval,
    randomisation_p,
    t_test_p,
)


def share_of_signs_at_least_as_far(differences: list[float]) -> float:
    """The definition: every assignment of signs, counted."""
    found = abs(sum(differences)) - 1e-12
    sums = [
        abs(sum(sign * each for sign, each in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(each >= found for each in sums) / len(sums)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([0.5], 2 / 2),  # +, -
        ([0.1, 0.2], 2 / 4),  # only +.3 and -.3 are as far
        ([0.1, 0.2, 0.3], 2 / 8),
        ([0.1, 0.2, -0.3], 8 / 8),  # the mean is 0, and nothing is nearer
        ([0.1, 0.1, 0.1, -0.1], 10 / 16),  # as far as .2: 4 or 0 alike (2), 3 alike (2 x 4)
    ],
)
def test_p_of_a_few_differences_is_exact(differences: list[float], p: float) -> None:
    assert randomisation_p(np.array(differences)) == pytest.approx(p)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.125, 0.25, 1.0]), min_size=1, max_size=7))
def test_p_is_the_share_of_all_signs_that_do_as_well(differences: list[float]) -> None:
    expected = share_of_signs_at_least_as_far(differences)

    assert randomisation_p(np.array(differences)) == pytest.approx(expected)


def test_queries_without_a_difference_decide_nothing() -> None:
    few = np.array([0.3, 0.2, 0.1, 0.4])

    assert randomisation_p(np.concatenate([few, np.zeros(200)])) == randomisation_p(few) == 2 / 16


def test_identical_runs_give_p_1() -> None:
    assert randomisation_p(np.zeros(50)) == t_test_p(np.zeros(50)) == 1.0


def test_many_differences_are_drawn_and_close_to_exact() -> None:
    differences = np.random.default_rng(1).normal(0.03, 0.1, ENUMERATED + 1)

    drawn, exact = randomisation_p(differences), share_of_signs_at_least_as_far(differences.tolist())

    # Five standard errors of a share of so many draws.
    assert drawn == pytest.approx(exact, abs=5 * (exact * (1 - exact) / PERMUTATIONS) ** 0.5)


def test_drawn_signs_repeat_with_their_seed_and_move_with_it() -> None:
    differences = np.random.default_rng(2).normal(0.02, 0.1, 60)

    assert randomisation_p(differences, seed=1) == randomisation_p(differences, seed=1)
    assert randomisation_p(differences, seed=1) != randomisation_p(differences, seed=2)


def test_p_is_symmetric_and_never_0() -> None:
    clear = np.full(40, 0.2)

    assert randomisation_p(clear) == randomisation_p(-clear) == 1 / (PERMUTATIONS + 1)


def test_memory_of_drawn_signs_is_bounded_not_their_number() -> None:
    many = np.random.default_rng(3).normal(0.0, 0.1, 500)  # 100,000 x 500 signs: more than are held at once

    assert 0 < randomisation_p(many) <= 1


def test_the_t_test_is_the_paired_one() -> None:
    chance = np.random.default_rng(4)
    a, b = chance.random(30), chance.random(30)

    assert t_test_p(b - a) == pytest.approx(float(ttest_rel(b, a).pvalue))


@pytest.mark.parametrize(("differences", "p"), [([0.2] * 5, 0.0), ([0.0] * 5, 1.0), ([0.7], 1.0)])
def test_a_t_test_without_spread_has_a_p_all_the_same(differences: list[float], p: float) -> None:
    assert t_test_p(np.array(differences)) == p


def test_an_interval_holds_the_mean_and_shrinks_with_the_root_of_n() -> None:
    few = np.random.default_rng(5).normal(1.0, 1.0, 100)
    many = np.tile(few, 25)

    low, high = bootstrap_interval(few)
    lower, upper = bootstrap_interval(many)

    assert low < few.mean() < high
    assert (upper - lower) == pytest.approx((high - low) / 5, rel=0.1)  # 25 times as many: a fifth as wide


def test_an_interval_of_equal_differences_is_a_point() -> None:
    assert bootstrap_interval(np.full(10, 0.25)) == (0.25, 0.25)
