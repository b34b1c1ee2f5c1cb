from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.train.reranker.calibration import (
    Calibration,
    Method,
    calibrate,
    expected_calibration_error,
    log_loss,
)

ONES = np.ones(10)


def sample(scale: float, shift: float, *, count: int = 4_000) -> Calibration:
    """Logits that are right after scale * logit + shift, in queries of 20 pairs."""
    chance = np.random.default_rng(0)
    logits = chance.normal(0, 2, count).astype(np.float32)
    truth = 1 / (1 + np.exp(-(scale * logits + shift)))
    answers = chance.random(count) < truth
    return calibrate(logits, answers, np.repeat(np.arange(count // 20), 20).tolist())


def test_scores_that_are_probabilities_stay_about_as_they_are() -> None:
    found = sample(1.0, 0.0)

    assert found.scale == pytest.approx(1.0, abs=0.05)
    assert found.shift == pytest.approx(0.0, abs=0.1)
    assert found.ece_after < 0.03


def test_a_network_that_is_too_sure_gets_a_temperature() -> None:
    found = sample(0.25, 0.0)

    assert found.method is not Method.NONE
    assert found.scale == pytest.approx(0.25, abs=0.03)
    assert found.ece_after < 0.03 < found.ece_before


def test_a_network_that_says_yes_too_often_gets_a_shift() -> None:
    found = sample(0.5, -2.0)

    assert found.method is Method.PLATT
    assert found.scale == pytest.approx(0.5, abs=0.05)
    assert found.shift == pytest.approx(-2.0, abs=0.15)
    assert found.ece_after < 0.03 < 0.15 < found.ece_before


def test_the_method_chosen_has_the_lowest_log_loss_of_those_that_keep_the_order() -> None:
    found = sample(0.5, -2.0)

    assert set(found.log_loss) == {"none", "temperature", "platt", "isotonic"}
    assert found.log_loss["platt"] < found.log_loss["temperature"]
    assert found.log_loss["platt"] < found.log_loss["none"]


def test_an_order_upside_down_is_not_turned_round() -> None:
    assert sample(-1.0, 0.0).scale > 0


@pytest.mark.parametrize("answers", [0, 19, 81, 100])
def test_too_few_of_one_side_change_nothing(answers: int) -> None:
    logits = np.linspace(-3, 3, 100, dtype=np.float32)
    found = calibrate(logits, np.arange(100) < answers, [number // 10 for number in range(100)])

    assert (found.method, found.scale, found.shift) == (Method.NONE, 1.0, 0.0)


def test_no_pairs_change_nothing() -> None:
    found = calibrate(np.zeros(0, np.float32), np.zeros(0, bool), [])

    assert not found.changes


def test_the_same_input_gives_the_same_calibration() -> None:
    assert sample(0.5, -1.0) == sample(0.5, -1.0)


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    # Ten products, one a bin: |.9 - 1| five times, |.2 - 0| five times.
    probabilities = np.array([0.9] * 5 + [0.2] * 5)
    answers = np.array([1.0] * 5 + [0.0] * 5)

    assert expected_calibration_error(probabilities, answers, ONES) == pytest.approx((5 * 0.1 + 5 * 0.2) / 10)


def test_log_loss_is_in_nats_and_weighted() -> None:
    weights = np.array([3.0, 1.0])

    assert log_loss(np.array([0.5, 0.25]), np.array([1.0, 1.0]), weights) == pytest.approx(
        (3 * math.log(2) + math.log(4)) / 4
    )


@given(st.lists(st.floats(0, 1), min_size=10, max_size=10), st.lists(st.booleans(), min_size=10, max_size=10))
def test_calibration_error_is_between_none_and_all(probabilities: list[float], answers: list[bool]) -> None:
    error = expected_calibration_error(np.array(probabilities), np.array(answers, float), ONES)

    assert -1e-9 <= error <= 1 + 1e-9
