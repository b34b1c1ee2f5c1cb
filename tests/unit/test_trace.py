import pytest

from engine.deadline import Deadline
from engine.errors import CancelledError, DeadlineExceededError
from engine.request import Stage
from engine.trace import CostEstimate, Trace


def test_timings_come_in_the_order_of_the_pipeline_and_add_up() -> None:
    trace = Trace(Deadline.none())
    for stage in (Stage.RERANK, Stage.UNDERSTAND, Stage.RERANK):
        with trace.stage(stage):
            pass

    assert [timing.stage for timing in trace.timings] == [Stage.UNDERSTAND, Stage.RERANK]


def test_no_stage_starts_after_the_deadline() -> None:
    with pytest.raises(DeadlineExceededError), Trace(Deadline.after(-1)).stage(Stage.FUSE):
        pytest.fail("the stage ran")


def test_no_stage_starts_for_a_caller_that_is_gone() -> None:
    with pytest.raises(CancelledError), Trace(Deadline(cancelled=lambda: True)).stage(Stage.FUSE):
        pytest.fail("the stage ran")


def test_the_estimate_moves_towards_what_was_seen() -> None:
    cost = CostEstimate(1.0, weight=0.5)

    cost.observe(seconds=0.4, units=2)

    assert cost.seconds == pytest.approx(1.0 + 0.5 * (0.4 / 2 - 1.0))


def test_work_without_units_teaches_nothing() -> None:
    cost = CostEstimate(1.0)
    cost.observe(seconds=5, units=0)
    assert cost.seconds == 1.0
