"""From evidence to shares: neighbours vote, products of one type move together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.types import FloatArray
from index_builder.graph.alignment.decide import (
    calibrated,
    heard_neighbours,
    shares_of,
    softmax,
    with_one_voice,
)
from index_builder.graph.alignment.votes import Neighbours

CANDIDATES = np.array([[3, 7], [3, 7], [5, 7]])


def test_shares_are_tempered_odds() -> None:
    shares = shares_of(np.array([[0.0, 2.0]], np.float32))
    assert shares[0, 1] == pytest.approx(1 / (1 + np.exp(-0.8 * 2)))


@given(arrays(np.float32, (3, 4), elements=st.floats(-50, 50, width=32)))
def test_shares_sum_to_one_and_the_best_score_has_the_greatest(scores: FloatArray) -> None:
    shares = softmax(scores)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(shares[range(3), scores.argmax(1)], shares.max(1))


def test_a_neighbour_settles_what_is_open_by_the_candidates_that_both_have() -> None:
    """Product 0 cannot tell 3 from 7; its only neighbour, product 1, is sure of 7."""
    scores = np.array([[0, 0], [0, 9], [0, 0]], np.float32)
    neighbours = Neighbours(np.array([[1], [0], [0]]), np.ones((3, 1), np.float32))

    shares = heard_neighbours(CANDIDATES, scores, neighbours)

    assert shares[0, 1] > 0.95
    assert shares[2, 1] > 0.9  # 5 is no candidate of product 0, whose share of 7 was one half


def test_products_of_one_type_move_towards_what_most_are() -> None:
    candidates = np.array([[3, 7]] * 4)
    shares = np.array([[0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.6, 0.4]], np.float32)
    mean = np.array([0.9 / 4, 3.1 / 4])  # of the type, for 3 and 7

    found = with_one_voice(candidates, shares, np.zeros(4, np.int64), width=10)

    mixed = shares[3] * (mean + 0.003)
    np.testing.assert_allclose(found[3], mixed / mixed.sum(), rtol=1e-5)
    assert found[3].argmax() == 1


@pytest.mark.parametrize("types", [[0, 0, -1, -1], [0, 1, 2, 3], [-1, -1, -1, -1]])
def test_few_products_or_none_of_a_type_stay_as_they_are(types: list[int]) -> None:
    candidates = np.array([[3, 7]] * 4)
    shares = np.array([[0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.6, 0.4]], np.float32)
    np.testing.assert_array_equal(with_one_voice(candidates, shares, np.array(types), width=10), shares)


def test_a_type_that_does_not_agree_stays_as_it_is() -> None:
    candidates = np.array([[3, 7]] * 4)
    shares = np.array([[0.1, 0.9], [0.9, 0.1], [0.2, 0.8], [0.8, 0.2]], np.float32)
    np.testing.assert_array_equal(with_one_voice(candidates, shares, np.zeros(4, np.int64), width=10), shares)


def test_confidence_rises_with_the_share() -> None:
    confidence = calibrated(np.linspace(0, 1, 50, dtype=np.float32))
    assert (np.diff(confidence) > 0).all()
    assert (confidence[0], confidence[-1]) == (0, pytest.approx(0.97))
