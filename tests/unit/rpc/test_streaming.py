"""Calls that are answered by a stream: what ends them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from engine.collection import ONLY
from engine.errors import OverloadedError
from engine.metrics import Metrics
from engine.rpc.admission import Admission
from engine.rpc.receiving import Receiver
from engine.rpc.streaming import Streams
from engine.rpc.tenancy import Collections
from engine.security.access import Access
from engine.security.audit import AuditLog
from engine.security.key_file import KeyRecord
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.scopes import Scope
from engine.security.secret import NewKey, digest_of
from engine.security.usage import Usage
from tests.quiet_logs import logs_as_they_were

__all__ = ["logs_as_they_were"]

METHOD = "/cartograph.v1.CatalogService/WatchChanges"
KEY = NewKey.make()
RECORD = KeyRecord.model_validate(
    {
        "id": KEY.id,
        "name": "replica",
        "sha256": digest_of(KEY.text).hex(),
        "created": datetime.now(UTC),
        "scopes": frozenset({Scope.FOLLOW}),
    }
)


class AbortedError(Exception):
    """What gRPC raises in a method that is aborted."""


@dataclass
class Context:
    """As much of gRPC's as a stream needs."""

    status: grpc.Status | None = None
    sent: dict[str, Any] = field(default_factory=dict)

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("x-api-key", KEY.text),)

    def set_trailing_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.sent = dict(metadata)

    def peer(self) -> str:
        return "ipv4:127.0.0.1:7"

    def abort_with_status(self, status: grpc.Status) -> None:
        self.status = status
        raise AbortedError


@dataclass
class CurrentKeys:
    value: Keys


def opened(
    behaviour: Any, keys: CurrentKeys, folder: Path, context: Context, *, renewal: float = 0.0
) -> Iterator[Any]:
    access = Access(keys, None, Limiter(Usage()))
    admission = Admission(access, AuditLog(folder / "audit.jsonl"))
    streams = Streams(Metrics(), admission, Receiver(lambda: False), 1, renewal=renewal)
    handler = grpc.unary_stream_rpc_method_handler(behaviour, bytes, bytes)
    caller = access.caller_of(context.invocation_metadata())
    answer = streams.answer(METHOD, handler, caller)
    responses: Iterator[Any] = answer(iter([b"request"]), cast("grpc.ServicerContext", context))
    return responses


def numbers(_request: bytes, _context: grpc.ServicerContext) -> Iterator[int]:
    yield from itertools.count()


def test_a_stream_ends_when_its_key_is_revoked(tmp_path: Path) -> None:
    keys, context = CurrentKeys(Keys.of([RECORD])), Context()
    responses = opened(numbers, keys, tmp_path, context)
    assert [next(responses), next(responses)] == [0, 1]

    keys.value = Keys.of(())

    with pytest.raises(AbortedError):
        next(responses)
    assert context.status is not None
    assert context.status.code is grpc.StatusCode.UNAUTHENTICATED
    assert '"outcome": "UNAUTHENTICATED"' in (tmp_path / "audit.jsonl").read_text()


def test_a_stream_ends_when_its_key_loses_the_scope(tmp_path: Path) -> None:
    keys, context = CurrentKeys(Keys.of([RECORD])), Context()
    responses = opened(numbers, keys, tmp_path, context)
    next(responses)

    keys.value = Keys.of([RECORD.model_copy(update={"scopes": frozenset({Scope.SEARCH})})])

    with pytest.raises(AbortedError):
        next(responses)
    assert context.status is not None
    assert context.status.code is grpc.StatusCode.PERMISSION_DENIED


def test_a_stream_ends_when_its_key_is_for_its_collection_no_more(tmp_path: Path) -> None:
    keys, context = CurrentKeys(Keys.of([RECORD])), Context()

    def followed() -> None:
        Collections(frozenset({"garden"})).choose((), None)
        responses = opened(numbers, keys, tmp_path, context)
        next(responses)
        keys.value = Keys.of([RECORD.model_copy(update={"collections": frozenset({"fashion"})})])
        with pytest.raises(AbortedError):
            next(responses)

    copy_context().run(followed)  # as gRPC gives each call one of its own

    assert context.status is not None
    assert context.status.code is grpc.StatusCode.PERMISSION_DENIED
    assert '"reason": "COLLECTION_DENIED"' in (tmp_path / "audit.jsonl").read_text()


def test_one_of_several_collections_leaves_the_others_streams_to_open() -> None:
    parts = Metrics(), Admission(None, AuditLog()), Receiver(lambda: False)
    streams, end = Streams(*parts, 3, collections=("garden", "fashion")), threading.Event()
    for _ in range(2):  # half of three, rounded up
        streams.check_room("garden")
        streams.pool("garden").submit(end.wait, 10)

    with pytest.raises(OverloadedError, match="2 streams of this collection open"):
        streams.check_room("garden")
    streams.check_room("fashion")
    streams.pool("fashion").submit(end.wait, 10)
    with pytest.raises(OverloadedError, match="3 streams open"):
        streams.check_room("fashion")
    end.set()
    streams.close()


def test_credentials_are_not_looked_at_before_it_is_time(tmp_path: Path) -> None:
    keys, context = CurrentKeys(Keys.of([RECORD])), Context()
    responses = opened(numbers, keys, tmp_path, context, renewal=60.0)
    next(responses)

    keys.value = Keys.of(())

    assert next(responses) == 1


def test_a_bug_in_the_middle_of_a_stream_leaks_nothing(tmp_path: Path) -> None:
    def failing(_request: bytes, _context: grpc.ServicerContext) -> Iterator[int]:
        yield 0
        raise ZeroDivisionError("row 17")

    context = Context()
    responses = opened(failing, CurrentKeys(Keys.of([RECORD])), tmp_path, context)
    next(responses)

    with pytest.raises(AbortedError):
        next(responses)
    assert context.status is not None
    assert context.status.code is grpc.StatusCode.INTERNAL
    assert "row 17" not in context.status.details
    assert context.sent["x-request-id"] in context.status.details


def test_a_caller_that_goes_closes_what_it_was_reading_and_is_recorded(tmp_path: Path) -> None:
    closed: list[bool] = []

    def until_closed(_request: bytes, _context: grpc.ServicerContext) -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.append(True)

    responses = opened(until_closed, CurrentKeys(Keys.of([RECORD])), tmp_path, Context())
    next(responses)

    del responses  # as gRPC leaves it

    assert closed == [True]
    assert '"outcome": "CANCELLED"' in (tmp_path / "audit.jsonl").read_text()


def test_no_more_streams_are_let_in_than_there_are_threads() -> None:
    streams = Streams(Metrics(), Admission(None, AuditLog()), Receiver(lambda: False), 0)

    with pytest.raises(OverloadedError, match="0 streams open"):
        streams.check_room(ONLY)
