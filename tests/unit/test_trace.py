import math
import time
from time import perf_counter

import pytest

from engine.deadline import Deadline
from engine.errors import CancelledError, DeadlineExceededError
from engine.request import Stage
from engine.trace import TRACES, CostEstimate, Costs, Trace


def test_timings_come_in_the_order_of_the_pipeline_and_add_up() -> None:
    trace = Trace(Deadline.none())
    for stage in (Stage.RERANK, Stage.UNDERSTAND, Stage.RERANK):
        with trace.stage(stage):
            pass

    assert [timing.stage for timing in trace.timings] == [Stage.UNDERSTAND, Stage.RERANK]


def test_stages_are_kept_with_when_they_began_and_ended_also_those_that_fail() -> None:
    trace, before = Trace(Deadline.none()), perf_counter()
    with pytest.raises(ZeroDivisionError), trace.stage(Stage.RETRIEVE), trace.stage(Stage.ENCODE):
        raise ZeroDivisionError

    (encode, encode_start, encode_end), (retrieve, start, end) = trace.spans
    assert (encode, retrieve) == (Stage.ENCODE, Stage.RETRIEVE)
    assert before <= start <= encode_start <= encode_end <= end <= perf_counter()
    assert trace.seconds(Stage.RETRIEVE) == end - start
    assert trace.seconds(Stage.FUSE) == 0


def test_traces_are_left_for_who_looks_and_else_for_nobody() -> None:
    Trace(Deadline.none())
    traces: list[Trace] = []
    token = TRACES.set(traces)
    try:
        seen = Trace(Deadline.none())
    finally:
        TRACES.reset(token)

    assert traces == [seen]


def test_no_stage_starts_after_the_deadline() -> None:
    with pytest.raises(DeadlineExceededError), Trace(Deadline.after(-1)).stage(Stage.FUSE):
        pytest.fail("the stage ran")


def test_no_stage_starts_for_a_caller_that_is_gone() -> None:
    with pytest.raises(CancelledError), Trace(Deadline(cancelled=lambda: True)).stage(Stage.FUSE):
        pytest.fail("the stage ran")


def test_the_estimate_holds_for_nine_in_ten_of_the_last_observations() -> None:
    cost = CostEstimate(1.0, remembers=11)

    for tenths in range(100, 0, -1):
        cost.observe(seconds=2 * tenths / 10, units=2)

    assert cost.seconds == pytest.approx(1.0)  # of .1, .2, ... 1.1


def test_an_estimate_that_remembers_nothing_stays() -> None:
    cost = CostEstimate(1.0, remembers=0)
    cost.observe(seconds=5, units=1)
    assert cost.seconds == 1.0


def test_work_without_units_teaches_nothing() -> None:
    cost = CostEstimate(1.0)
    cost.observe(seconds=5, units=0)
    assert cost.seconds == 1.0


def test_what_a_deadline_leaves_room_for_counts_all_that_is_still_to_come() -> None:
    costs = Costs(*(CostEstimate(seconds, remembers=0) for seconds in (2.0, 1.0, 3.0, 1.5)))

    assert not costs.encoding_fits(Deadline.after(4.9))
    assert costs.encoding_fits(Deadline.after(5.1))
    assert costs.encoding_fits(Deadline.none())
    assert costs.pairs_that_fit(Deadline.after(6.6)) == pytest.approx(5.1, abs=0.05)
    assert costs.pairs_that_fit(Deadline.after(1)) < 0
    assert costs.pairs_that_fit(Deadline.none()) == math.inf


def test_costs_are_learned_without_the_time_of_models() -> None:
    trace, costs = Trace(Deadline.none()), Costs()
    started = perf_counter()
    with trace.stage(Stage.RERANK):
        time.sleep(0.02)
    for _ in range(32):
        costs.learn(trace, started=started, settled=perf_counter())

    assert costs.rest.seconds < 0.02
    assert costs.finish.seconds < 0.02
