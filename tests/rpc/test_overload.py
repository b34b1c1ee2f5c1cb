from __future__ import annotations

import threading
import time

import grpc
import pytest

from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import search_service_pb2 as search
from engine.errors import ConfigError
from engine.types import GenerationInfo
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running
from tests.rpc.waiting import Waiting

CHAIR = search.SearchProductsRequest(query="chair")


def refused(server: Running) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        server.search.SearchProducts(CHAIR, timeout=WAIT)
    return Refusal.of(raised.value)


def test_one_call_too_many_is_refused_at_once_while_every_worker_is_busy() -> None:
    waiting = Waiting()
    engine = FakeEngine(before=waiting)

    with running(engine, workers=2, max_inflight=3) as server:
        calls = [server.search.SearchProducts.future(CHAIR, timeout=WAIT) for _ in range(3)]
        waiting.wait_for_starts(2)  # the third waits for a worker
        wait_until_queued(server)
        start = time.monotonic()
        refusal = refused(server)
        took = time.monotonic() - start
        waiting.release.set()
        answers = [call.result(timeout=WAIT) for call in calls]

    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (refusal.info.reason, refusal.info.metadata["max_inflight"]) == ("OVERLOADED", "3")
    assert refusal.retry_after is not None
    assert 0 < refusal.retry_after < WAIT  # nobody was answered yet: from the first guess
    assert took < 1
    assert [len(answer.results) for answer in answers] == [1, 1, 1]
    assert len(engine.asked) == 3  # the refused one did no work


def wait_until_queued(server: Running) -> None:
    gauge = "cartograph_queued_calls"
    until = time.monotonic() + WAIT
    while server.server.metrics.registry.get_sample_value(gauge) != 1:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_health_answers_while_the_server_is_full() -> None:
    waiting = Waiting()

    with running(FakeEngine(before=waiting), workers=1, max_inflight=1) as server:
        call = server.search.SearchProducts.future(CHAIR, timeout=WAIT)
        waiting.wait_for_starts(1)
        assert server.health() == "SERVING"
        waiting.release.set()
        call.result(timeout=WAIT)


def test_a_generation_that_loads_keeps_no_search_waiting() -> None:
    loading, loaded = threading.Event(), threading.Event()

    class Loading(FakeEngine):
        def activate(self, generation_id: str, *, force: bool = False) -> GenerationInfo:
            loading.set()
            assert loaded.wait(WAIT)
            return super().activate(generation_id, force=force)

    with running(Loading(), workers=1, max_inflight=2) as server:
        request = generation.ActivateGenerationRequest(generation_id="g-old")
        activation = server.generations.ActivateGeneration.future(request, timeout=WAIT)
        assert loading.wait(WAIT)
        assert server.search.SearchProducts(CHAIR, timeout=WAIT).results
        loaded.set()

        assert activation.result(timeout=WAIT).generation.id == "g-old"


def test_room_is_given_back_however_a_call_ends() -> None:
    waiting = Waiting()

    with running(FakeEngine(before=waiting), workers=2, max_inflight=2) as server:
        cancelled = server.search.SearchProducts.future(CHAIR)
        waiting.wait_for_starts(1)
        cancelled.cancel()
        assert waiting.cut_short.wait(WAIT)
        for _ in range(5):  # never answered: their bytes are no request
            with pytest.raises(grpc.RpcError):
                server.send_bytes("SearchService/SearchProducts", b"\xff")
        waiting.release.set()
        until = time.monotonic() + WAIT
        while server.server.inflight() > 0:
            assert time.monotonic() < until
            time.sleep(0.005)
        calls = [server.search.SearchProducts.future(CHAIR, timeout=WAIT) for _ in range(2)]
        answers = [call.result(timeout=WAIT) for call in calls]

    assert [len(answer.results) for answer in answers] == [1, 1]


def test_a_second_server_cannot_take_the_same_port() -> None:
    with (
        running(FakeEngine()) as server,
        pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{server.server.port}: Address already"),
        running(FakeEngine(), port=server.server.port),
    ):
        pass


def test_a_request_above_4_mib_is_refused() -> None:
    with running(FakeEngine()) as server, pytest.raises(grpc.RpcError) as raised:
        server.search.SearchProducts(
            search.SearchProductsRequest(query="x" * (4 * 1024 * 1024 + 1)), timeout=WAIT
        )

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
