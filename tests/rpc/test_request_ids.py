"""The request id of a call is in each of its log lines, and in each of its answers and errors."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from google.protobuf.descriptor_pool import Default

from engine.deadline import Deadline
from engine.errors import DeadlineExceededError
from engine.logs import configure_logs
from engine.request import SearchRequest
from engine.rpc.security import Security
from engine.rpc.server import SERVICES
from engine.security.access import Access
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.reload import Reloaded
from engine.security.usage import Usage
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Running, running

REQUEST_ID = "shop-7"
SEARCH = "cartograph.v1.SearchService/SearchProducts"
CHAIR = b"\x0a\x05chair"  # field 1, the query
METHODS = [
    f"{name}/{method.name}"
    for name in SERVICES
    for method in Default().FindServiceByName(name).methods
    if not method.server_streaming
]
OUTSIDE_CALLS = {"draining", "calls cancelled"}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Afterwards, every line that belongs to a call has its id."""
    stream = io.StringIO()
    configure_logs("debug", "json", stream)
    yield stream
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    of_calls = [line for line in lines if line["event"] not in OUTSIDE_CALLS]
    assert {line.get("request_id") for line in of_calls} == {REQUEST_ID}, lines


def answered_id(server: Running, method: str, message: bytes) -> str | bytes | None:
    """The id that comes back, be it with an answer or with an error."""
    send = server.channel.unary_unary(f"/{method}", request_serializer=bytes, response_deserializer=bytes)
    call = send.future(message, timeout=WAIT, metadata=(("x-request-id", REQUEST_ID),))
    return dict(call.trailing_metadata() or ()).get("x-request-id")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_tells_it(method: str, log: io.StringIO) -> None:
    with running(FakeEngine()) as server:
        assert answered_id(server, method, b"") == REQUEST_ID

    assert method.rpartition("/")[2] in log.getvalue()


def _bug(_request: SearchRequest, _deadline: Deadline) -> None:
    raise ZeroDivisionError("row 17")


def _late(_request: SearchRequest, _deadline: Deadline) -> None:
    raise DeadlineExceededError("No source could answer.")


def _strangers() -> Security:
    keys = Reloaded((), lambda: Keys.of(()))
    return Security(Access(keys, None, Limiter(Usage())))


TROUBLES: dict[str, Callable[[], AbstractContextManager[Running]]] = {
    "OK": lambda: running(FakeEngine()),
    "NOT_SERVING": lambda: running(None),
    "OVERLOADED": lambda: running(FakeEngine(), max_inflight=0),
    "CREDENTIALS_MISSING": lambda: running(FakeEngine(), security=_strangers()),
    "DEADLINE_EXCEEDED": lambda: running(FakeEngine(before=_late)),
    "INTERNAL": lambda: running(FakeEngine(before=_bug)),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_trouble_tells_it(trouble: str, log: io.StringIO) -> None:
    with TROUBLES[trouble]() as server:
        assert answered_id(server, SEARCH, CHAIR) == REQUEST_ID

    assert trouble in log.getvalue()


@pytest.mark.parametrize("method", [SEARCH, "cartograph.v1.CatalogService/UpsertProducts"])
def test_bytes_that_are_no_message_are_told_it(method: str, log: io.StringIO) -> None:
    with running(FakeEngine()) as server:
        assert answered_id(server, method, b"\xff") == REQUEST_ID

    assert "INVALID_ARGUMENT" in log.getvalue()


def test_health_tells_it_with_an_error() -> None:
    with running(FakeEngine()) as server:
        assert answered_id(server, "grpc.health.v1.Health/Check", b"\xff") == REQUEST_ID
