from __future__ import annotations

import math

import grpc
import pytest

from cartograph.v1 import search_service_pb2 as search
from engine.errors import CancelledError, DeadlineExceededError
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, running
from tests.rpc.waiting import Waiting

CHAIR = search.SearchProductsRequest(query="chair")


def test_the_callers_deadline_reaches_the_engine() -> None:
    left: list[float] = []
    engine = FakeEngine(before=lambda _request, deadline: left.append(deadline.remaining()))

    with running(engine) as server:
        server.search.SearchProducts(CHAIR, timeout=5)
        server.search.BatchSearchProducts(search.BatchSearchProductsRequest(requests=[CHAIR]), timeout=7)

    assert left == [pytest.approx(5, abs=0.9), pytest.approx(7, abs=0.9)]


def test_a_call_without_deadline_may_take_forever() -> None:
    left: list[float] = []
    engine = FakeEngine(before=lambda _request, deadline: left.append(deadline.remaining()))

    with running(engine) as server:
        server.search.SearchProducts(CHAIR)

    assert left == [math.inf]


def test_work_stops_when_the_time_is_up() -> None:
    waiting = Waiting()

    with running(FakeEngine(before=waiting)) as server:
        with pytest.raises(grpc.RpcError) as raised:
            server.search.SearchProducts(CHAIR, timeout=0.1)
        assert waiting.cut_short.wait(WAIT)

    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert [type(error) for error in waiting.ended] == [DeadlineExceededError]


def test_work_stops_when_the_caller_cancels() -> None:
    waiting = Waiting()

    with running(FakeEngine(before=waiting)) as server:
        call = server.search.SearchProducts.future(CHAIR)
        waiting.wait_for_starts(1)
        call.cancel()
        assert waiting.cut_short.wait(WAIT)

    assert [type(error) for error in waiting.ended] == [CancelledError]


def test_a_call_whose_time_was_up_before_a_worker_was_free_does_no_work() -> None:
    waiting = Waiting()
    engine = FakeEngine(before=waiting)

    with running(engine, workers=1) as server:
        first = server.search.SearchProducts.future(CHAIR, timeout=WAIT)
        waiting.wait_for_starts(1)
        with pytest.raises(grpc.RpcError):
            server.search.SearchProducts(CHAIR, timeout=0.05)
        waiting.release.set()
        first.result(timeout=WAIT)
        server.search.SearchProducts(CHAIR, timeout=WAIT)

    assert len(engine.asked) == 2  # the first and the third
