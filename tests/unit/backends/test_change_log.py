"""The change log: what is committed is there, in order, once, whatever came between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing as ended
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import numpy as np
import pytest

from engine.backends.change import NewChange
from engine.backends.change_log import ChangeLog
from engine.errors import CompactedError, InvalidArgumentError
from engine.types import FloatArray
from tests.change_samples import ENCODER, content, deletion, request, upsert

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Clock:
    """Shows what the test sets."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[ChangeLog]:
    opened = ChangeLog.open(tmp_path / "live", clock=clock, retention=timedelta(hours=1))
    yield opened
    opened.close()


def test_a_change_is_read_as_it_was_committed(log: ChangeLog) -> None:
    given = upsert(1)

    assert log.commit([request(given, deletion(2))]) == [range(1, 3)]

    kept, deleted = log.since(0, 10)
    assert content(kept) == content(given)
    assert kept.vector is not None
    assert kept.vector.dtype == np.float32
    assert (kept.sequence, kept.time, kept.deleted) == (1, NOON, False)
    assert (deleted.product_id, deleted.record, deleted.vector, deleted.deleted) == ("p2", b"", None, True)
    assert deleted.sequence == log.last_sequence == 2


def test_requests_of_one_commit_get_sequences_one_after_the_other(log: ChangeLog) -> None:
    ranges = log.commit([request(upsert(1), upsert(2)), request(), request(upsert(1, 1))])

    assert ranges == [range(1, 3), range(3, 3), range(3, 4)]


def test_since_goes_on_after_a_sequence_and_stops_at_the_limit(log: ChangeLog) -> None:
    log.commit([request(*(upsert(product) for product in range(5)))])

    assert [change.sequence for change in log.since(1, 3)] == [2, 3, 4]
    assert log.since(5, 3) == []


def test_since_stops_with_the_change_that_makes_it_large_enough(log: ChangeLog) -> None:
    log.commit([request(*(upsert(product, size=1_000) for product in range(5)))])

    assert [change.sequence for change in log.since(0, 9, most_bytes=2_500)] == [1, 2, 3]
    assert [change.sequence for change in log.since(3, 9, most_bytes=1)] == [4]
    assert [change.sequence for change in log.since(3, 9, most_bytes=1_000_000)] == [4, 5]


@pytest.mark.parametrize(("sequence", "limit"), [(0, 0), (-1, 5), (3, 5)])
def test_since_refuses_what_is_no_place_in_the_log(log: ChangeLog, sequence: int, limit: int) -> None:
    log.commit([request(upsert(1), upsert(2))])

    with pytest.raises(InvalidArgumentError):
        log.since(sequence, limit)


def test_latest_has_one_change_of_every_product_in_order_of_sequence(log: ChangeLog) -> None:
    log.commit([request(upsert(1), upsert(2), upsert(3), upsert(1, 1), deletion(2))])

    assert [(change.sequence, change.product_id) for change in log.latest()] == [
        (3, "p3"),
        (4, "p1"),
        (5, "p2"),
    ]


def test_latest_after_a_change_tells_only_of_later_ones(log: ChangeLog) -> None:
    log.commit([request(upsert(1), upsert(2), upsert(3), upsert(1, 1))])

    assert [(change.sequence, change.product_id) for change in log.latest(2)] == [(3, "p3"), (4, "p1")]
    assert list(log.latest(4)) == []


def test_latest_after_a_change_that_is_forgotten_is_refused(log: ChangeLog) -> None:
    """The next one is missing, be it the last of its product or not."""
    log.commit([request(upsert(1), upsert(2), upsert(3))])
    log.compact(2)

    assert [change.sequence for change in log.latest(2)] == [3]
    with pytest.raises(CompactedError) as caught:
        log.latest(1)
    assert (caught.value.sequence, caught.value.compacted) == (1, 2)


def test_latest_is_of_the_moment_of_the_call(log: ChangeLog) -> None:
    log.commit([request(upsert(1))])
    found = log.latest()
    log.commit([request(upsert(1, 1), upsert(2))])

    assert [change.sequence for change in found] == [1]


def test_a_known_request_id_is_answered_and_not_applied_again(log: ChangeLog) -> None:
    first = request(upsert(1), request_id="r-1", outcome=b"done")
    log.commit([first])

    assert log.commit(
        [first, request(upsert(2), request_id="r-2"), request(upsert(3), request_id="r-2")]
    ) == [
        range(2, 2),
        range(2, 3),
        range(3, 3),
    ]
    assert log.outcome_of("r-1") == b"done"
    assert log.last_sequence == 2


def test_without_a_request_id_nothing_is_remembered(log: ChangeLog) -> None:
    log.commit([request(upsert(1), outcome=b"first")])
    log.commit([request(upsert(1), outcome=b"second")])

    assert log.outcome_of("") is None
    assert log.outcome_of("r-1") is None
    assert log.last_sequence == 2


def test_what_was_compacted_is_refused_and_numbers_are_never_used_again(
    log: ChangeLog, tmp_path: Path
) -> None:
    log.commit([request(*(upsert(product) for product in range(4)))])

    assert log.compact(3) == 3
    with pytest.raises(CompactedError, match=r"up to 3 .* after 2 .* Start over from a snapshot"):
        log.since(2, 5)
    assert [change.sequence for change in log.since(3, 5)] == [4]
    assert log.compact(4) == 1
    assert log.compact(2) == 0
    log.close()
    with ended(ChangeLog.open(tmp_path / "live")) as again:
        assert (again.last_sequence, again.compacted) == (4, 4)
        assert again.commit([request(upsert(9))]) == [range(5, 6)]


def test_compacting_beyond_the_end_is_refused(log: ChangeLog) -> None:
    with pytest.raises(InvalidArgumentError, match="the last change of this log is 0"):
        log.compact(1)


def test_compaction_that_overtakes_a_slow_reader_of_latest_tells_it_so(log: ChangeLog) -> None:
    log.commit([request(*(upsert(product) for product in range(1_200)))])
    found = log.latest()
    assert next(found).sequence == 1
    log.compact(1_000)

    with pytest.raises(CompactedError):
        list(found)


def test_compaction_lets_the_space_be_used_again(log: ChangeLog) -> None:
    products = [upsert(product, size=2_000) for product in range(200)]
    log.commit([request(*products)])
    full = log.size_bytes
    log.compact(200)
    small = log.size_bytes
    log.commit([request(*products)])

    assert small < full - 200 * 2_000
    assert [content(change) for change in log.since(200, 500)] == [content(change) for change in products]


def test_request_ids_are_forgotten_when_they_are_older_than_the_retention(
    log: ChangeLog, clock: Clock
) -> None:
    log.commit([request(upsert(1), request_id="old", outcome=b"1")])
    clock.time += timedelta(minutes=40)
    log.commit([request(upsert(2), request_id="new", outcome=b"2")])
    clock.time += timedelta(minutes=21)
    assert log.outcome_of("old") == b"1"

    log.compact(0)

    assert log.outcome_of("old") is None
    assert log.outcome_of("new") == b"2"
    log.check()
    assert log.commit([request(upsert(1), request_id="old")]) == [range(3, 4)]


def test_time_stands_still_while_a_clock_that_was_set_back_catches_up(
    log: ChangeLog, clock: Clock, tmp_path: Path
) -> None:
    log.commit([request(upsert(1))])
    clock.time = NOON - timedelta(hours=3)
    log.commit([request(upsert(1, 1))])
    log.compact(2)  # the time outlives the changes
    log.close()
    with ended(ChangeLog.open(tmp_path / "live", clock=clock)) as again:
        again.commit([request(upsert(1, 2))])
        clock.time = NOON + timedelta(seconds=1)
        again.commit([request(upsert(1, 3))])

        assert [change.time for change in again.since(2, 5)] == [NOON, NOON + timedelta(seconds=1)]


@pytest.mark.parametrize(
    ("product_id", "record", "vector"),
    [
        ("", b"{}", np.ones(1, np.float32)),
        ("p1", b"", np.ones(1, np.float32)),
        ("p1", b"{}", np.ones(2, np.float32)),
        ("p1", b"{}", np.full(1, np.nan, np.float32)),
        ("p1", b"{}", np.ones((1, 1), np.float32)),
        ("p1", b"{}", np.ones(1, np.float64)),
    ],
)
def test_a_change_is_a_whole_product_or_a_deletion(
    product_id: str, record: bytes, vector: FloatArray | None
) -> None:
    with pytest.raises(ValueError, match=r"p1|no product"):
        NewChange(product_id, record, vector, ENCODER)


def test_four_readers_see_only_whole_transactions_while_one_writes(log: ChangeLog) -> None:
    """Each commit gives ten products the same version; whoever sees two versions saw half a commit."""
    done = Event()
    problems: list[object] = []
    reads = [0] * 4

    def read(reader: int) -> None:
        try:
            while not done.is_set():
                last = log.last_sequence
                versions = {change.record.split(b'"')[7].strip() for change in log.latest()}
                sequences = [change.sequence for change in log.since(0, 10_000)]
                if (
                    len(versions) > 1
                    or len(sequences) % 10
                    or sequences != list(range(1, len(sequences) + 1))
                ):
                    problems.append((reader, versions, len(sequences)))
                if len(sequences) < last:
                    problems.append((reader, "an acknowledged change is not seen", last))
                reads[reader] += 1
        except Exception as error:  # told below, by the test's own thread
            problems.append((reader, error, 0))

    threads = [Thread(target=read, args=(reader,)) for reader in range(4)]
    for thread in threads:
        thread.start()
    end = monotonic() + 1.5
    version = 0
    while monotonic() < end or min(reads) < 3:
        version += 1
        changes = [upsert(product, version) for product in range(10)]
        log.commit([request(*changes[:5]), request(*changes[5:])])
    done.set()
    for thread in threads:
        thread.join(30)

    assert problems == []
    assert log.last_sequence == version * 10
