"""Open and closed loops, against a stub that answers by a script."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from benchmarks.load import Tally, closed_loop, open_loop
from cartograph.v1 import search_service_pb2 as search

REQUESTS = [search.SearchProductsRequest(query=query) for query in ("a", "b", "c")]


class Refused(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.RESOURCE_EXHAUSTED


@dataclass
class Answer:
    status: grpc.StatusCode

    def code(self) -> grpc.StatusCode:
        return self.status

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        threading.Timer(0.001, call, [self]).start()


@dataclass
class Method:
    """Answers after a millisecond; every third search is refused."""

    asked: list[str] = field(default_factory=list)

    def __call__(self, request: search.SearchProductsRequest, timeout: float) -> None:
        assert timeout
        self.asked.append(request.query)
        time.sleep(0.001)
        if request.query == "c":
            raise Refused

    def future(self, request: search.SearchProductsRequest, timeout: float) -> Answer:
        assert timeout
        self.asked.append(request.query)
        refused = request.query == "c"
        return Answer(grpc.StatusCode.RESOURCE_EXHAUSTED if refused else grpc.StatusCode.OK)


@dataclass
class Stub:
    SearchProducts: Method = field(default_factory=Method)


def test_an_open_loop_sends_what_is_due_whatever_becomes_of_it() -> None:
    stub: Any = Stub()
    point = open_loop([stub.SearchProducts], REQUESTS, rate=200, seconds=0.3, seed=0)

    assert len(stub.SearchProducts.asked) == 60
    assert (point.refused, point.failed) == (20, 0)
    assert point.offered == pytest.approx(200, rel=0.5)  # arrivals are random
    assert point.p50_ms >= 1


def test_a_closed_loop_waits_for_every_answer() -> None:
    stub: Any = Stub()
    point = closed_loop([stub.SearchProducts], REQUESTS, callers=2, seconds=0.1)

    asked = stub.SearchProducts.asked
    assert set(asked) == {"a", "b", "c"}
    assert point.refused == asked.count("c")
    assert point.offered == point.answered > 0


def test_the_times_of_refused_and_failed_calls_are_not_mixed_in() -> None:
    tally = Tally()
    for code, seconds in (
        (grpc.StatusCode.OK, 0.01),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 5.0),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 9.0),
    ):
        tally.add(code, seconds)

    point = tally.point(offered=3, seconds=1)

    assert (point.answered, point.refused, point.failed, point.p99_ms) == (1, 1, 1, 10)
