"""A clock that is set back or forward: who is let in, how often, and what is remembered of requests.

Deadlines, waits, heartbeats and pauses are measured by a clock that nobody sets; the last test holds the
engine to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

import engine
from cartograph.v1 import search_service_pb2 as search
from engine.backends.change_log import ChangeLog
from engine.rpc.security import Security
from engine.security.access import Access
from engine.security.key_file import KeyRecord
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.reload import Reloaded
from engine.security.scopes import Scope
from engine.security.secret import NewKey, digest_of
from engine.security.usage import Usage
from tests.change_samples import request, upsert
from tests.quiet_logs import logs_as_they_were
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running

__all__ = ["logs_as_they_were"]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHORT_LIVED, SLOW = NewKey.make(), NewKey.make()
WALL = re.compile(r"\btime\.time\(|\btime\.time\b|datetime\.now\(|date\.today\(|\btime_ns\b")


class Clock:
    """Shows what the test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def record(key: NewKey, **more: object) -> KeyRecord:
    values = {"id": key.id, "name": "shop", "sha256": digest_of(key.text).hex(), "created": NOON - DAY}
    return KeyRecord.model_validate({**values, "scopes": frozenset({Scope.SEARCH}), **more})


@pytest.fixture
def server(clock: Clock) -> Iterator[Running]:
    records = (record(SHORT_LIVED, expires=NOON + HOUR), record(SLOW, calls_per_second=0.5))
    keys = Reloaded((), lambda: Keys.of(records, clock.seconds))
    access = Access(keys, None, Limiter(Usage(), clock.seconds))
    with running(FakeEngine(), security=Security(access)) as started:
        yield started


def outcome(server: Running, key: NewKey) -> str:
    """The reason of a refusal, or OK."""
    metadata: Sequence[tuple[str, str]] = (("x-api-key", key.text),)
    try:
        server.search.SearchProducts(
            search.SearchProductsRequest(query="chair"), timeout=WAIT, metadata=metadata
        )
    except grpc.RpcError as error:
        return str(Refusal.of(error).info.reason)
    return "OK"


def test_a_key_is_good_until_the_clock_says_that_it_has_expired(server: Running, clock: Clock) -> None:
    """A clock that was set back believes again in what had expired: whoever sets it is trusted."""
    assert outcome(server, SHORT_LIVED) == "OK"
    clock.now += 2 * HOUR
    assert outcome(server, SHORT_LIVED) == "CREDENTIALS_EXPIRED"
    clock.now -= 3 * HOUR
    assert outcome(server, SHORT_LIVED) == "OK"


def test_a_caller_over_its_rate_waits_two_seconds_and_not_until_the_clock_has_caught_up(
    server: Running, clock: Clock
) -> None:
    assert [outcome(server, SLOW) for _ in range(2)] == ["OK", "RATE_LIMIT"]
    clock.now -= HOUR
    assert outcome(server, SLOW) == "RATE_LIMIT"
    clock.now += timedelta(seconds=2)
    assert [outcome(server, SLOW) for _ in range(2)] == ["OK", "RATE_LIMIT"]


def test_a_request_id_is_remembered_though_the_clock_was_set_back(clock: Clock, tmp_path: Path) -> None:
    with closing(ChangeLog.open(tmp_path, clock=clock)) as log:
        log.commit([request(upsert(1), request_id="r-1", outcome=b"done")])
        clock.now -= 30 * DAY
        log.commit([request(upsert(2), request_id="r-2", outcome=b"done, too")])
        log.compact(2)

        assert log.commit([request(upsert(1), request_id="r-1")]) == [range(3, 3)]
        assert log.outcome_of("r-2") == b"done, too"
        clock.now += 30 * DAY + HOUR
        log.compact(2)
        assert log.outcome_of("r-1") == b"done"
        clock.now += DAY
        log.compact(2)
        assert log.outcome_of("r-1") is None


def test_the_wall_clock_is_asked_only_for_dates_and_by_whom_several_processes_share() -> None:
    """Whoever is added here has to say what becomes of it when the clock is set back."""
    folder = Path(engine.__file__).parent
    asking = {
        str(path.relative_to(folder)) for path in folder.rglob("*.py") if WALL.search(path.read_text("utf-8"))
    }

    assert asking == {
        "backends/change_log.py",  # times of changes stand still until it has caught up
        "backup/restore.py",  # a name, with a number where it is taken
        "backup/take.py",  # shown
        "backup/forgotten.py",  # shown
        "commands/key.py",  # dates of keys
        "events/event_book.py",  # dates of events, and how long they are kept
        "security/audit.py",  # shown
        "security/certificates.py",  # validity
        "security/keys.py",  # validity
        "security/limiter.py",  # shared by processes, and past a restart
        "security/tokens.py",  # validity
        "serving.py",  # shown
        "telemetry.py",  # shown
    }
