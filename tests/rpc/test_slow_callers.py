"""Callers that hold on to what they do not use, and those that send too much."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import search_service_pb2 as search
from engine.rpc.receiving import PATIENCE, SHORT_PATIENCE
from engine.rpc.security import Connections, Security
from engine.rpc.server import MAX_REQUEST_BYTES
from engine.security.access import Access
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.reload import Reloaded
from engine.security.usage import Usage
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, channel_to, running

CHAIR = search.SearchProductsRequest(query="chair")


@contextmanager
def begun_calls(server: Running, method: str, count: int) -> Iterator[tuple[list[Any], threading.Event]]:
    """Calls of which the headers were sent, and whose message comes when the event is set."""
    go = threading.Event()

    def late() -> Iterator[bytes]:
        go.wait(WAIT * 3)
        yield CHAIR.SerializeToString()

    with channel_to(f"127.0.0.1:{server.server.port}") as channel:
        call = channel.stream_unary(method, request_serializer=bytes, response_deserializer=bytes)
        yield [call.future(late(), timeout=WAIT * 3) for _ in range(count)], go
        go.set()


def test_connections_that_say_nothing_stop_nobody_and_are_closed() -> None:
    security = Security(connections=Connections(handshake=0.5))
    with running(FakeEngine(), security=security) as server, ExitStack() as opened:
        address = ("127.0.0.1", server.server.port)
        silent = [opened.enter_context(socket.create_connection(address)) for _ in range(200)]

        start = time.monotonic()
        answer = server.search.SearchProducts(CHAIR, timeout=WAIT)
        took = time.monotonic() - start

        assert len(answer.results) == 1
        assert took < 1
        for each in silent:
            each.settimeout(WAIT)
            while each.recv(4_096):  # what the server says first, then the end
                pass


def test_calls_without_a_message_give_the_workers_back_when_others_wait_and_are_logged(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with running(FakeEngine(), workers=2, max_inflight=64) as server:
        with begun_calls(server, "/cartograph.v1.SearchService/SearchProducts", 6) as (calls, _):
            time.sleep(0.2)  # all workers wait for messages that do not come

            start = time.monotonic()
            answer = server.search.SearchProducts(CHAIR, timeout=WAIT)
            took = time.monotonic() - start

            assert len(answer.results) == 1
            assert took < 4 * SHORT_PATIENCE + 1  # three rounds of two calls before it
            ends = [call.exception(timeout=WAIT) for call in calls]
        assert {end.code() for end in ends} == {grpc.StatusCode.CANCELLED}
        assert server.server.drain(grace=0, timeout=WAIT)  # no thread is left behind
    given_up = [line for line in capfd.readouterr().out.splitlines() if "reason=CANCELLED" in line]
    assert len(given_up) == len(calls)


def test_a_message_that_is_late_while_nobody_waits_is_answered() -> None:
    with running(FakeEngine(), workers=2) as server:
        method = "/cartograph.v1.SearchService/SearchProducts"
        with begun_calls(server, method, 1) as ([call], go):
            time.sleep(SHORT_PATIENCE + 0.5)
            assert PATIENCE > SHORT_PATIENCE + 0.5
            go.set()
            answer = search.SearchProductsResponse.FromString(call.result(timeout=WAIT))

    assert len(answer.results) == 1


def test_health_answers_beside_health_checks_that_are_never_sent() -> None:
    with (
        running(FakeEngine()) as server,
        begun_calls(server, "/grpc.health.v1.Health/Check", 12),
        begun_calls(server, "/grpc.health.v1.Health/Watch", 12),
    ):
        time.sleep(0.2)
        start = time.monotonic()
        assert server.health() == "SERVING"
        assert time.monotonic() - start < 1


def test_who_has_no_key_is_refused_without_a_thread_waiting_for_the_message() -> None:
    access = Access(Reloaded((), lambda: Keys.of(())), None, Limiter(Usage()))
    with (
        running(FakeEngine(), workers=1, security=Security(access)) as server,
        begun_calls(server, "/cartograph.v1.SearchService/SearchProducts", 100) as (calls, _),
    ):
        start = time.monotonic()
        ends = [call.exception(timeout=WAIT) for call in calls]
        took = time.monotonic() - start

    assert {end.code() for end in ends} == {grpc.StatusCode.UNAUTHENTICATED}
    assert took < PATIENCE / 2


def test_a_call_that_ends_without_a_message_is_told_so() -> None:
    with running(FakeEngine()) as server:
        call = server.channel.stream_unary(
            "/cartograph.v1.SearchService/SearchProducts",
            request_serializer=bytes,
            response_deserializer=bytes,
        )
        with pytest.raises(grpc.RpcError) as raised:
            call(iter(()), timeout=WAIT)

    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "holds no message" in refusal.message


def test_bytes_that_are_no_message_are_told_so_with_details() -> None:
    with running(FakeEngine()) as server, pytest.raises(grpc.RpcError) as raised:
        server.send_bytes("SearchService/SearchProducts", b"\x0a\x02\xff\xfe")

    refusal = Refusal.of(raised.value)
    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")


def test_a_connection_that_is_replaced_for_its_age_loses_no_call(capfd: pytest.CaptureFixture[str]) -> None:
    security = Security(connections=Connections(age=0.4, age_grace=1))
    with running(FakeEngine(), security=security) as server:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            server.search.SearchProducts(CHAIR, timeout=WAIT)

    peers = set(re.findall(r"code=OK .* peer=(\S+)", capfd.readouterr().out))
    assert len(peers) >= 3  # 2 seconds, 0.4 each, give or take a tenth


def test_a_message_above_the_limit_is_refused_and_the_connection_lives_on() -> None:
    with running(FakeEngine()) as server:
        with pytest.raises(grpc.RpcError) as raised:
            server.send_bytes("SearchService/SearchProducts", b"\0" * (MAX_REQUEST_BYTES + 1))
        answer = server.search.SearchProducts(CHAIR, timeout=WAIT)

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(answer.results) == 1


def test_metadata_above_the_limit_is_refused_and_others_are_answered() -> None:
    with running(FakeEngine()) as server:
        with pytest.raises(grpc.RpcError) as raised:
            server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=(("x-padding", "x" * 32_768),))
        with channel_to(f"127.0.0.1:{server.server.port}") as channel:
            answer = Running(server.server, channel).catalog.GetProduct(
                catalog.GetProductRequest(product_id="c-1"), timeout=WAIT
            )

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert answer.product.id == "c-1"
