from __future__ import annotations

import threading
import time
from collections.abc import Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cartograph.v1 import search_service_pb2 as search
from engine.collection import ONLY
from engine.rpc.lifecycle import Phase
from engine.rpc.server import SERVICES
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running
from tests.rpc.waiting import Waiting

CHAIR = search.SearchProductsRequest(query="chair")


def refused(server: Running) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        server.search.SearchProducts(CHAIR, timeout=WAIT)
    return Refusal.of(raised.value)


def test_a_starting_server_listens_and_says_that_it_does_not_serve() -> None:
    with running(None) as server:
        assert {server.health(service) for service in ("", *SERVICES)} == {"NOT_SERVING"}
        refusal = refused(server)

    assert refusal.code is grpc.StatusCode.UNAVAILABLE
    assert (refusal.info.reason, refusal.info.metadata["phase"]) == ("NOT_SERVING", "starting")


def test_health_turns_serving_with_the_engine_for_the_whole_and_each_service() -> None:
    with running(None) as server:
        server.server.serve({ONLY: FakeEngine()})

        assert {server.health(service) for service in ("", *SERVICES)} == {"SERVING"}
        assert len(server.search.SearchProducts(CHAIR, timeout=WAIT).results) == 1


def test_an_unknown_service_has_no_health() -> None:
    with running(FakeEngine()) as server, pytest.raises(grpc.RpcError) as raised:
        server.health("cartograph.v1.Nothing")

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_watcher_of_health_sees_start_and_drain() -> None:
    with running(None) as server:
        watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest())
        seen = [next(watch).status]
        server.server.serve({ONLY: FakeEngine()})
        seen.append(next(watch).status)
        server.server.lifecycle.announce_drain()
        seen.append(next(watch).status)
        watch.cancel()

    status = health_pb2.HealthCheckResponse
    assert seen == [status.NOT_SERVING, status.SERVING, status.NOT_SERVING]


def test_draining_finishes_what_is_in_flight_and_refuses_what_is_new() -> None:
    waiting = Waiting()

    with running(FakeEngine(before=waiting)) as server:
        in_flight = server.search.SearchProducts.future(CHAIR, timeout=WAIT)
        waiting.wait_for_starts(1)
        drained: list[bool] = []
        drain = threading.Thread(target=lambda: drained.append(server.server.drain(grace=1.0, timeout=WAIT)))
        drain.start()
        wait_until(lambda: server.health() == "NOT_SERVING")
        in_grace = server.search.SearchProducts.future(CHAIR, timeout=WAIT)
        waiting.wait_for_starts(1)  # a balancer that has not noticed yet is still answered
        wait_until(lambda: server.server.lifecycle.phase is Phase.DRAINING)
        refusal = refused(server)
        waiting.release.set()
        answers = [in_flight.result(timeout=WAIT), in_grace.result(timeout=WAIT)]
        drain.join(WAIT)

    assert (refusal.code, refusal.info.metadata["phase"]) == (grpc.StatusCode.UNAVAILABLE, "draining")
    assert [len(answer.results) for answer in answers] == [1, 1]
    assert drained == [True]


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_calls_that_outlast_the_drain_are_cancelled() -> None:
    waiting = Waiting()

    with running(FakeEngine(before=waiting)) as server:
        call = server.search.SearchProducts.future(CHAIR)
        waiting.wait_for_starts(1)
        finished = server.server.drain(grace=0, timeout=0.05)

        assert not finished
        assert waiting.cut_short.wait(WAIT)
        assert call.exception(timeout=WAIT) is not None
