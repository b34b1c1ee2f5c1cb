"""Following the change log over a real socket; the log is that of a FakeEngine."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.logs import configure_logs
from engine.rpc.security import Connections, Security
from engine.rpc.server import FLUSH_SECONDS
from engine.security.audit import AuditLog
from engine.types import ProductId
from tests.rpc.fake_engine import CARTRIDGE, CHAIR, FakeEngine
from tests.rpc.fake_feed import PAGE
from tests.rpc.running import WAIT, Refusal, Running, running

AT_ONCE = 2.0
"""Seconds, for what takes a quarter of one."""


@contextmanager
def following(server: Running, after: int = 0, **fields: Any) -> Iterator[Any]:
    """Responses as they come; the call is cancelled at the end."""
    request = catalog.WatchChangesRequest(after_sequence=after, **fields)
    call = server.catalog.WatchChanges(request, timeout=WAIT)
    try:
        yield call
    finally:
        call.cancel()


def taken(responses: Any, count: int) -> list[catalog.ProductChange]:
    """The next changes, so many."""
    changes: list[catalog.ProductChange] = []
    while len(changes) < count:
        changes += next(responses).changes
    return changes


def end_of(responses: Any) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        for _ in responses:
            pass
    return Refusal.of(raised.value)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def is_taken(server: Running) -> bool:
    with following(server) as responses:
        try:
            next(responses)
        except grpc.RpcError:
            return False
        return True


OF_ALL = {"collection": ""}


def followers(server: Running) -> float | None:
    return server.server.metrics.registry.get_sample_value("cartograph_change_followers", OF_ALL)


def logged(count: int, **fields: Any) -> FakeEngine:
    engine = FakeEngine()
    for number in range(1, count + 1):
        engine.feed.log(f"p{number}", replace(CHAIR, id=ProductId(f"p{number}"), **fields))
    return engine


def test_changes_come_in_order_with_their_products_and_new_ones_as_they_are_made() -> None:
    with running(FakeEngine()) as server, following(server) as responses:
        first = next(responses)
        product = product_pb2.Product(id="n-1", title="New chair")
        server.catalog.UpsertProducts(
            catalog.UpsertProductsRequest(upserts=[{"product": product}]), timeout=WAIT
        )
        server.catalog.DeleteProducts(catalog.DeleteProductsRequest(product_ids=["n-1"]), timeout=WAIT)
        upserted, deleted = taken(responses, 2)

    assert (list(first.changes), first.log_id, first.last_sequence) == ([], "log-1", 0)
    assert (upserted.sequence, upserted.product_id, upserted.deleted) == (1, "n-1", False)
    assert upserted.product == product
    assert upserted.commit_time.ToJsonString() == "2026-02-02T12:00:00Z"
    assert (deleted.sequence, deleted.product_id, deleted.deleted) == (2, "n-1", True)
    assert not deleted.HasField("product")


def test_a_follower_goes_on_after_the_last_change_that_it_has() -> None:
    count = 2 * PAGE + 7
    with running(logged(count)) as server:
        with following(server) as responses:
            seen = [change.sequence for change in taken(responses, PAGE)]
        with following(server, after=PAGE, log_id="log-1") as responses:
            seen += [change.sequence for change in taken(responses, count - PAGE)]

    assert seen == list(range(1, count + 1))


def test_embeddings_come_when_they_are_asked_for_and_not_of_deletions() -> None:
    engine = FakeEngine()
    engine.feed.log("c-1", CARTRIDGE)
    engine.feed.log("c-1", None)
    with running(engine) as server:
        with following(server) as responses:
            bare = taken(responses, 2)
        with following(server, include_embeddings=True) as responses:
            made, deleted = taken(responses, 2)

    assert [(list(each.embedding), each.encoder_fingerprint) for each in bare] == [([], "")] * 2
    assert (list(made.embedding), made.encoder_fingerprint) == ([1.0, 0.0], "fake-encoder")
    assert (list(deleted.embedding), deleted.encoder_fingerprint) == ([], "")


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"log_id": "log-0"}, grpc.StatusCode.FAILED_PRECONDITION, "ANOTHER_CHANGE_LOG"),
        ({"after_sequence": 1}, grpc.StatusCode.FAILED_PRECONDITION, "CHANGES_COMPACTED"),
        ({"after_sequence": -1}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"),
        ({"log_id": "x" * 129}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"),
    ],
    ids=["another log", "compacted", "negative", "an id too long"],
)
def test_who_cannot_go_on_from_there_is_told_why(
    fields: dict[str, Any], code: grpc.StatusCode, reason: str
) -> None:
    engine = logged(3)
    engine.feed.compacted = 2
    with running(engine) as server:
        refusal = end_of(server.catalog.WatchChanges(catalog.WatchChangesRequest(**fields), timeout=WAIT))

    assert (refusal.code, refusal.info.reason) == (code, reason)
    assert refusal.request_id


def test_followers_take_no_worker_and_no_room_from_shoppers() -> None:
    with running(FakeEngine(), workers=1, max_inflight=1, followers=4) as server, ExitStack() as stack:
        for _ in range(4):
            next(stack.enter_context(following(server)))

        answer = server.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)

    assert len(answer.results) == 1


def test_one_follower_too_many_is_refused_and_taken_when_another_has_gone() -> None:
    with running(FakeEngine(), followers=1) as server:
        with following(server) as responses:
            next(responses)
            with following(server) as others:
                refusal = end_of(others)
            assert followers(server) == 1
        wait_until(lambda: is_taken(server))

    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert refusal.retry_after == 1


def test_a_server_may_take_no_followers() -> None:
    with running(FakeEngine(), followers=0) as server, following(server) as responses:
        assert end_of(responses).code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_drain_ends_followers_at_once_so_that_they_go_elsewhere() -> None:
    with running(FakeEngine()) as server, following(server) as responses:
        next(responses)
        start = time.monotonic()
        finished = server.server.drain(grace=0, timeout=WAIT)
        took = time.monotonic() - start
        refusal = end_of(responses)

    assert finished
    assert took < AT_ONCE
    assert (refusal.code, refusal.info.metadata["phase"]) == (grpc.StatusCode.UNAVAILABLE, "draining")


def test_a_connection_that_is_replaced_for_its_age_ends_its_follower_who_goes_on() -> None:
    security = Security(connections=Connections(age=0.4, age_grace=0.2))
    with running(logged(2 * PAGE), security=security) as server:
        with following(server) as responses:
            seen = taken(responses, 2 * PAGE)
            with pytest.raises(grpc.RpcError) as raised:
                taken(responses, 2 * PAGE)
        with following(server, after=seen[-1].sequence, log_id="log-1") as responses:
            at_once = next(responses)

    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert [change.sequence for change in seen] == list(range(1, 2 * PAGE + 1))
    assert at_once.last_sequence == 2 * PAGE


def test_a_follower_that_takes_nothing_holds_no_more_than_a_few_pages_and_no_drain() -> None:
    """Flow control: what is not taken is not read."""
    count = 60 * PAGE
    engine = logged(count, description="x" * 20_000)  # a page is a MiB
    with running(engine) as server:
        with following(server) as slow:
            first = next(slow)
            time.sleep(0.5)
            assert engine.feed.pages < 30
            seen = [each.sequence for each in first.changes]
            seen += [each.sequence for each in taken(slow, count - len(seen))]
        with following(server) as stuck:
            next(stuck)
            time.sleep(0.3)  # until its thread waits for it to take more
            start = time.monotonic()
            finished = server.server.drain(grace=0, timeout=WAIT)
            took = time.monotonic() - start

    assert seen == list(range(1, count + 1))
    assert finished
    assert FLUSH_SECONDS <= took < FLUSH_SECONDS + AT_ONCE


def test_a_caller_that_goes_gives_its_thread_back() -> None:
    before = threading.active_count()
    with running(FakeEngine()) as server:
        for _ in range(20):
            wait_until(lambda: is_taken(server))
        wait_until(lambda: followers(server) == 0)
        streams = [each for each in threading.enumerate() if each.name.startswith("stream")]
        assert len(streams) <= 8
    wait_until(lambda: threading.active_count() <= before)


def test_metrics_say_how_many_follow_and_how_far_the_last_is_behind() -> None:
    value = "cartograph_change_followers_behind"
    engine = logged(3 * PAGE, description="x" * 20_000)
    with running(engine) as server:
        sample = server.server.metrics.registry.get_sample_value
        assert (followers(server), sample(value, OF_ALL)) == (0, 0)
        with following(server, after=3 * PAGE) as current, following(server) as slow:
            next(current)
            next(slow)
            wait_until(lambda: followers(server) == 2)
            taken(slow, 2 * PAGE)
            wait_until(lambda: sample(value, OF_ALL) == 0)
        calls = {"method": "WatchChanges", **OF_ALL}
        wait_until(lambda: sample("cartograph_calls_total", {"code": "CANCELLED", **calls}) == 2)
        assert followers(server) == 0
        assert sample("cartograph_call_seconds_count", calls) is None


def test_a_stream_is_logged_and_audited_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    log, audit = io.StringIO(), tmp_path / "audit.jsonl"
    configure_logs("info", "json", log)
    security = Security(audit=AuditLog(audit))
    with running(logged(3), security=security) as server:
        call = server.catalog.WatchChanges(
            catalog.WatchChangesRequest(after_sequence=1),
            timeout=WAIT,
            metadata=(("x-request-id", "replica-1"),),
        )
        taken(call, 2)
        call.cancel()
        wait_until(lambda: len(audit.read_text().splitlines()) == 2)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    begun, ended = (line for line in lines if line.get("method") == "WatchChanges")
    assert (begun["event"], begun["request_id"]) == ("stream begun", "replica-1")
    assert (ended["event"], ended["code"], ended["request_id"]) == ("call", "CANCELLED", "replica-1")
    assert (ended["after"], ended["changes"]) == (1, 2)
    audited = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [(line["method"], line["outcome"]) for line in audited] == [
        ("WatchChanges", "BEGUN"),
        ("WatchChanges", "CANCELLED"),
    ]
