import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.text.calibration import best_temperature, calibrate, softmax


def test_confidence_is_the_share_of_right_cases_with_such_scores() -> None:
    scores = [0.2] * 100 + [0.8] * 100
    right = [False] * 80 + [True] * 20 + [True] * 90 + [False] * 10

    read = calibrate(scores, right)

    # Each bin has two further cases that are right as often as all are, 110 / 200 = .55.
    assert read(0.1) == pytest.approx((20 + 2 * 0.55) / 102, abs=0.02)
    assert read(0.9) == pytest.approx((90 + 2 * 0.55) / 102, abs=0.02)


def test_without_cases_scores_are_believed() -> None:
    assert calibrate([], [])(0.97) == pytest.approx(0.95)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_higher_scores_are_never_less_sure(cases: list[tuple[float, bool]]) -> None:
    read = calibrate([score for score, _ in cases], [right for _, right in cases])

    confidences = [read(score) for score in np.linspace(0, 1, 21)]

    assert confidences == sorted(confidences)
    assert sum(read.counts) == len(cases)


def test_temperature_cools_logits_that_are_too_sure() -> None:
    # Logits of 4 claim 98% (1 / (1 + e^-4)); three of four are right, which is a logit of ln 3 = 1.1.
    logits = np.array([[4.0, 0.0]] * 4, np.float32)

    assert best_temperature(logits, [0, 0, 0, 1]) == pytest.approx(4 / np.log(3), abs=0.05)


def test_softmax_adds_up_to_one_for_large_logits() -> None:
    assert softmax(np.array([1000.0, 1000.0], np.float32)).tolist() == [0.5, 0.5]
