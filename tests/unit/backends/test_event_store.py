"""The store of shoppers' events: what it keeps, and what it keeps no byte of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.backends.event_reader import EventReader
from engine.backends.event_schema import DATABASE, tombstone_of
from engine.backends.event_store import EventStore
from engine.errors import ConfigError, DamagedEventsError, StorageError, StorageFullError
from engine.shopper_events import BackupHolding, Fate, Traces
from tests.event_samples import DAY, KEY, NOON, bytes_in, events_in, kept

ANNA, BERT = KEY.shopper("anna"), KEY.shopper("bert")
FIRST, SECOND = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "live"


@pytest.fixture
def store(folder: Path) -> Iterator[EventStore]:
    with closing(EventStore(folder)) as opened:
        opened.admit(KEY.check)
        yield opened


def test_what_was_recorded_is_read_back_whole_and_in_order(store: EventStore, folder: Path) -> None:
    events = [kept(1), replace(kept(2, "bert"), session=b"s", order=b"o", query="墨 \0 ink"), kept(3, "")]

    assert store.record(events) == [Fate.RECORDED] * 3

    assert events_in(folder) == dict(enumerate(events, start=1))


def test_an_event_that_is_there_is_not_recorded_twice(store: EventStore, folder: Path) -> None:
    store.record([kept(1)])

    assert store.record([kept(1, query="other"), kept(2), kept(2)]) == [Fate.KNOWN, Fate.RECORDED, Fate.KNOWN]

    assert events_in(folder) == {1: kept(1), 2: kept(2)}


def test_two_processes_may_write_by_turns(store: EventStore, folder: Path) -> None:
    with closing(EventStore(folder)) as other:
        for number in range(1, 11):
            (store, other)[number % 2].record([kept(number)])

    assert list(events_in(folder)) == list(range(1, 11))


def test_forgetting_leaves_no_byte_of_a_shopper_in_any_file(store: EventStore, folder: Path) -> None:
    """Among many others, so that rows were moved within the file, and beside a second writer."""
    chance = np.random.default_rng(8)
    markers = (b"the secret wish of anna", ANNA, b"p-anna-")
    for batch in range(10):
        whose = chance.integers(0, 40, 300)
        store.record(
            [
                replace(
                    kept(300 * batch + place, "anna" if who == 0 else f"shopper {who}"),
                    id=chance.bytes(16),
                    product_id=f"p-anna-{place}" if who == 0 else f"p{place}",
                    query="the secret wish of anna" if who == 0 else "x" * int(chance.integers(1, 200)),
                )
                for place, who in enumerate(whose)
            ]
        )
    before = events_in(folder)
    assert all(any(marker in content for content in bytes_in(folder)) for marker in markers)

    count = store.forget(ANNA, NOON)

    assert count == sum(event.shopper == ANNA for event in before.values()) > 50
    assert events_in(folder) == {number: event for number, event in before.items() if event.shopper != ANNA}
    assert not any(marker in content for content in bytes_in(folder) for marker in markers)
    assert (folder / f"{DATABASE}-wal").stat().st_size == 0


def test_what_is_from_before_a_shopper_was_forgotten_is_not_taken_back_in(
    store: EventStore, folder: Path
) -> None:
    store.record([kept(1, time=NOON - 9)])
    store.forget(ANNA, NOON)

    again = [
        kept(1, time=NOON - 9),
        kept(1, time=NOON + 5),  # sent again without its time, which is now
        kept(2, time=NOON),
        kept(3, time=NOON + 1),
        kept(4, "bert", time=NOON - 9),
    ]
    assert store.record(again) == [
        *(Fate.FORGOTTEN, Fate.KNOWN, Fate.FORGOTTEN),
        *(Fate.RECORDED, Fate.RECORDED),
    ]

    assert list(events_in(folder).values()) == again[3:]


def test_generations_from_the_first_event_to_the_erasure_may_hold_something(store: EventStore) -> None:
    store.record([kept(1, "bert"), kept(2), kept(3, "bert"), kept(4)])

    assert store.forget(ANNA, NOON) == 2
    assert store.traces(ANNA) == Traces(2, 5)
    assert store.forget(ANNA, NOON + 1) == 0
    assert store.traces(ANNA) == Traces(2, 5)

    store.record([kept(5, time=NOON + 2)])
    assert store.forget(ANNA, NOON + 3) == 1
    assert store.traces(ANNA) == Traces(2, 7)  # 5 was her forgetting, 6 the event
    assert store.traces(BERT) == Traces()


def test_backups_hold_what_was_there_when_they_were_taken(store: EventStore) -> None:
    store.record([kept(1), kept(2), kept(3, "bert")])
    store.begin_backup("/backups/a", FIRST)
    store.end_backup("/backups/a", FIRST, 1)
    store.begin_backup("/backups/b", SECOND)
    store.begin_backup("/backups/c", SECOND)
    store.end_backup("/backups/c", SECOND, None)

    store.forget(ANNA, NOON)

    under_way = BackupHolding("/backups/b", SECOND, 2)
    assert store.traces(ANNA).backups == (BackupHolding("/backups/a", FIRST, 1), under_way)
    assert store.traces(BERT).backups == ()
    store.begin_backup("/backups/a", SECOND)
    store.end_backup("/backups/a", SECOND, 4)
    assert store.traces(ANNA).backups == (under_way,)


def test_old_events_expire_and_leave_no_byte(store: EventStore, folder: Path) -> None:
    store.record([kept(1, time=NOON - DAY, query="long ago"), kept(2), kept(3, time=NOON - 1)])

    assert store.expire(NOON) == 2

    assert events_in(folder) == {2: kept(2)}
    assert not any(b"long ago" in content for content in bytes_in(folder))
    assert store.record([kept(4)]) == [Fate.RECORDED]
    assert max(events_in(folder)) == 4


def test_tombstones_expire_with_the_events_that_they_keep_out_unless_a_backup_has_some(
    store: EventStore,
) -> None:
    store.record([kept(1)])
    store.begin_backup("/backups/a", FIRST)
    store.end_backup("/backups/a", FIRST, 1)
    store.record([kept(2, "bert")])
    for shopper in (ANNA, BERT):
        store.forget(shopper, NOON)

    store.expire(NOON + 1)

    assert store.traces(ANNA) == Traces(1, 3, (BackupHolding("/backups/a", FIRST, 1),))
    assert store.traces(BERT) == Traces()


def test_another_key_is_refused(store: EventStore, folder: Path) -> None:
    store.record([kept(1)])

    with (
        closing(EventStore(folder)) as other,
        pytest.raises(ConfigError, match="recorded with another shopper key"),
    ):
        other.admit(b"12345678")


def test_a_reader_sees_one_moment_and_is_told_of_while_it_keeps_erased_bytes(
    store: EventStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.backends.event_schema._BUSY_SECONDS", 0.05)
    with closing(EventStore(folder)) as hurried:
        hurried.record([kept(1), kept(2, "bert")])
        with closing(EventReader.open_to_read(folder)) as reader:
            with pytest.raises(StorageError, match=r"-wal still holds what was erased"):
                hurried.forget(ANNA, NOON)
            assert [event for _, event in reader.events()] == [kept(1), kept(2, "bert")]

        assert hurried.forget(ANNA, NOON) == 0
    assert not any(ANNA in content for content in bytes_in(folder))
    assert list(events_in(folder)) == [2]


def test_a_flipped_bit_of_an_event_is_named(store: EventStore, folder: Path) -> None:
    store.record([kept(1, query="a query that is easily found")])
    store.close()
    path = folder / DATABASE
    path.write_bytes(path.read_bytes().replace(b"easily", b"easilx"))

    with pytest.raises(DamagedEventsError, match=rf"^{path} does not match the checksum of event 1\. "):
        events_in(folder)


def test_where_there_is_no_room_nothing_is_taken_and_all_goes_on_as_soon_as_there_is(
    store: EventStore, folder: Path
) -> None:
    """SQLite's own limit of pages stands for the disk's."""
    store.record([kept(1)])
    assert store._connection is not None
    store._connection.execute("PRAGMA max_page_count=20")

    with pytest.raises(StorageFullError, match="found no space on the disk"):
        store.record([kept(number, query="x" * 1_000) for number in range(2, 100)])

    assert list(events_in(folder)) == [1]
    assert store.record([kept(2)]) == [Fate.RECORDED]


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\0" * 84, b"no database at all" * 300])
def test_a_file_that_holds_no_events_is_named(store: EventStore, folder: Path, content: bytes) -> None:
    store.record([kept(1)])
    store.close()
    (folder / DATABASE).write_bytes(content)

    with pytest.raises(DamagedEventsError, match=rf"^{folder / DATABASE} "):
        events_in(folder)
    with closing(EventStore(folder)) as again, pytest.raises(DamagedEventsError):
        again.record([kept(2)])


def test_a_store_that_is_gone_but_for_its_wal_is_not_begun_anew(store: EventStore, folder: Path) -> None:
    store.record([kept(1)])
    (folder / DATABASE).unlink()

    with (
        closing(EventStore(folder)) as again,
        pytest.raises(DamagedEventsError, match="is missing, but its -wal is there"),
    ):
        again.admit(KEY.check)


def test_a_tombstone_is_another_name_than_that_of_the_events() -> None:
    assert tombstone_of(ANNA) != ANNA
    assert len(tombstone_of(ANNA)) == 32
