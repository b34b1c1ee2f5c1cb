import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.train.queries.events.smoothing import BetaPrior, at_most

COUNT = 20_000


@pytest.mark.parametrize("strength", [3, 15])
def test_the_prior_is_found_again_in_many_shares_of_few_tries(strength: float) -> None:
    chance = np.random.default_rng(0)
    shares = chance.beta(0.2 * strength, 0.8 * strength, COUNT)
    tries = chance.integers(1, 12, COUNT).astype(float)
    prior = BetaPrior.of(chance.binomial(tries.astype(int), shares).astype(float), tries)
    # Two parts in a hundred are two standard errors of the mean; the strength is a variance, and less sure.
    assert prior.mean == pytest.approx(0.2, rel=0.02)
    assert prior.strength == pytest.approx(strength, rel=0.15)


def test_shares_that_do_not_vary_make_the_strongest_prior() -> None:
    assert BetaPrior.of(np.full(10, 5.0), np.full(10, 10.0)).strength == 200


def test_without_tries_the_prior_is_weak() -> None:
    assert BetaPrior.of(np.empty(0), np.empty(0)).strength == 2


def test_few_tries_are_drawn_to_the_mean() -> None:
    prior = BetaPrior(mean=0.1, strength=10)
    # (1 + 1) / (10 + 1) and (1 + 100) / (10 + 100).
    assert prior.expected(np.array([1.0, 100.0]), np.array([1.0, 100.0])).tolist() == [2 / 11, 101 / 110]


@given(st.floats(0.01, 0.9), st.floats(2, 200), st.integers(0, 50), st.integers(1, 50))
def test_the_lower_end_is_below_what_is_expected_and_rises_with_success(
    mean: float, strength: float, successes: int, more: int
) -> None:
    prior, tries = BetaPrior(mean, strength), np.array([50.0, 50.0])
    few, many = prior.at_least(np.array([successes, min(50, successes + more)], float), tries)
    assert few <= many
    assert few < prior.expected(np.array([float(successes)]), tries[:1])[0]


def test_the_upper_end_follows_the_rule_of_three() -> None:
    # Nothing in n tries: (1 - p)^n = .1 at p = 1 - .1^(1 / n), which is 2.3 / n for large n.
    nothing = np.zeros(2)
    assert at_most(nothing, np.array([10.0, 1_000.0])) == pytest.approx(
        [1 - 0.1 ** (1 / 10), 0.0023], rel=0.002
    )
    assert at_most(np.array([0.0, 3.0]), np.array([0.0, 3.0])).tolist() == [1, 1]
