"""Writing shoppers' events: recorded, erased and expired, each durable when its call returns.

Several processes may write; SQLite makes them take turns. What is erased is gone from the files, not only
from the table: overwritten in the database, and the -wal cut off.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock

from engine.backends.change import from_microseconds, microseconds
from engine.backends.change_log import LOCK
from engine.backends.event_schema import (
    DATABASE,
    EVENT_COLUMNS,
    connect_to_write,
    create_where_absent,
    event_failures,
    event_row,
    holds_events,
    last_sequence,
    tombstone_of,
)
from engine.errors import ConfigError, StorageError
from engine.files import held
from engine.shopper_events import BackupHolding, Fate, KeptEvent, Traces

_AT_A_TIME = 10_000
"""Events that expire in one transaction, so that nobody waits long for their turn to write."""
_INSERT = (
    f"INSERT INTO event ({EVENT_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "  # noqa: S608 (a constant)
    "WHERE NOT EXISTS (SELECT 1 FROM erased WHERE id = ?2) ON CONFLICT (id) DO NOTHING"
)
_OF_SHOPPER = "FROM event WHERE shopper = :shopper AND shopper != x''"
"""The second half lets SQLite use the index, which leaves out events of nobody."""
_SPAN = f"SELECT count(*), coalesce(min(sequence), 0) {_OF_SHOPPER}"
_HOLD = (
    f"INSERT INTO held SELECT :tombstone, place, created, (SELECT count(*) {_OF_SHOPPER} AND "  # noqa: S608 (a constant)
    "sequence <= coalesce(backup.sequence, event.sequence)) AS events FROM backup WHERE events > 0 "
    "ON CONFLICT (shopper, place, created) DO UPDATE SET events = events + excluded.events"
)
_KEEP_OUT = f"INSERT OR IGNORE INTO erased SELECT id, :now {_OF_SHOPPER}"
_ERASE = f"DELETE {_OF_SHOPPER}"
_FORGET = (
    "INSERT INTO forgotten VALUES (:tombstone, :now, :first, :erased) ON CONFLICT (shopper) DO UPDATE SET "
    "time = max(time, excluded.time), erased = max(erased, excluded.erased), "
    "first = CASE WHEN first = 0 OR excluded.first = 0 THEN max(first, excluded.first) "
    "ELSE min(first, excluded.first) END"
)
_EXPIRE = "DELETE FROM event WHERE sequence IN (SELECT sequence FROM event WHERE time < ? LIMIT ?)"


class EventStore:
    """Safe to share between threads, which take turns. Times are in microseconds since 1970."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / DATABASE
        self._connection: sqlite3.Connection | None = None
        self._hold = ExitStack()
        self._turn = Lock()

    @property
    def exists(self) -> bool:
        """Whether any event was ever recorded. DamagedEventsError where the file is lost."""
        return holds_events(self._folder)

    def admit(self, key_check: bytes) -> None:
        """Make the store where there is none; ConfigError for another key than that which it began with."""
        create_where_absent(self._folder, key_check)
        with self._transaction() as connection:
            [(known,)] = connection.execute("SELECT key_check FROM store")
        if known != key_check:
            raise ConfigError(
                f"The events in {self._path} were recorded with another shopper key. Put that one back (it "
                "is in no backup), or name its file with --shopper-key-file."
            )

    def record(self, events: Sequence[KeptEvent]) -> list[Fate]:
        """All in one transaction. StorageFullError, StorageError: none of them is there, ask again."""
        with self._transaction() as connection:
            last = last_sequence(connection, self._path)
            fates = []
            for event in events:
                fates.append(_record(connection, last + 1, event))
                last += fates[-1] is Fate.RECORDED
            connection.execute("UPDATE store SET sequence = ?", (last,))
        return fates

    def forget(self, shopper: bytes, now: int) -> int:
        """Erase all that a shopper did, and take back nothing of it that is from before `now`; how many
        events were erased. StorageError also when all that is done, but the -wal could not be cut off.
        """
        who = {"shopper": shopper, "tombstone": tombstone_of(shopper), "now": now}
        with self._transaction() as connection:
            [(count, first)] = connection.execute(_SPAN, who)
            for statement in (_HOLD, _KEEP_OUT, _ERASE):
                connection.execute(statement, who)
            erased = 0
            if count:  # builds up to now hold something of theirs, later ones do not
                erased = last_sequence(connection, self._path) + 1
                connection.execute("UPDATE store SET sequence = ?", (erased,))
            connection.execute(_FORGET, {**who, "first": first, "erased": erased})
        self._cut_off()
        return int(count)

    def traces(self, shopper: bytes) -> Traces:
        """Of one who was forgotten."""
        tombstone = tombstone_of(shopper)
        with self._transaction() as connection:
            span = connection.execute("SELECT first, erased FROM forgotten WHERE shopper = ?", (tombstone,))
            first, erased = span.fetchone() or (0, 0)
            rows = connection.execute(
                "SELECT place, created, events FROM held WHERE shopper = ? ORDER BY created, place",
                (tombstone,),
            )
            backups = [BackupHolding(place, from_microseconds(time), count) for place, time, count in rows]
        return Traces(first, erased, tuple(backups))

    def expire(self, before: int) -> int:
        """Erase the events from before a time, and what was remembered to keep them out; how many events.
        StorageError as of `forget`.
        """
        count, some = 0, _AT_A_TIME
        while some == _AT_A_TIME:
            with self._transaction() as connection:
                some = connection.execute(_EXPIRE, (before, _AT_A_TIME)).rowcount
            count += some
        with self._transaction() as connection:
            connection.execute("DELETE FROM erased WHERE time < ?", (before,))
            connection.execute(
                "DELETE FROM forgotten WHERE time < ? AND shopper NOT IN (SELECT shopper FROM held)",
                (before,),
            )
        self._cut_off()
        return count

    def begin_backup(self, place: str, created: datetime) -> None:
        """From here on, a shopper who is forgotten may be in a backup at `place`."""
        with self._transaction() as connection:
            connection.execute("INSERT INTO backup VALUES (?, ?, NULL)", (place, microseconds(created)))

    def end_backup(self, place: str, created: datetime, sequence: int | None) -> None:
        """It is whole, takes the place of what was there, and holds the events up to a sequence; None: it
        came to nothing.
        """
        time = microseconds(created)
        which = "created = ?2" if sequence is None else "created != ?2"
        with self._transaction() as connection:
            for table in ("backup", "held"):
                statement = f"DELETE FROM {table} WHERE place = ?1 AND {which}"  # noqa: S608 (our own words)
                connection.execute(statement, (place, time))
            connection.execute(
                "UPDATE backup SET sequence = ? WHERE place = ? AND created = ?", (sequence, place, time)
            )

    def adopt(self, other: Path) -> None:
        """Take over what the store in another folder knows of forgotten shoppers and of backups, and erase
        what they did. For a copy that takes the other's place, and whose numbers go on after those.
        """
        with self._connected() as connection:
            connection.execute("ATTACH ? AS other", (f"{(other / DATABASE).absolute().as_uri()}?mode=ro",))
        with self._transaction() as connection:
            for table in ("forgotten", "erased", "backup", "held"):
                statement = f"INSERT OR REPLACE INTO main.{table} SELECT * FROM other.{table}"  # noqa: S608 (our own tables)
                connection.execute(statement)
            connection.execute(
                "UPDATE store SET sequence = max(sequence, (SELECT sequence FROM other.store))"
            )
            connection.execute(
                "DELETE FROM event WHERE shopper != x'' AND EXISTS (SELECT 1 FROM forgotten WHERE "
                "forgotten.shopper = tombstone_of(event.shopper) AND event.time <= forgotten.time)"
            )
        self._cut_off()

    def close(self) -> None:
        with self._turn:
            self._disconnect()

    def _cut_off(self) -> None:
        """So that what was erased is in the -wal no more."""
        with self._connected() as connection:
            [(busy, _, _)] = connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
        if busy:
            raise StorageError(
                self._path.with_name(f"{DATABASE}-wal"),
                "still holds what was erased, because another process reads it; try again",
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Committed and flushed at the end, or not there at all."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection that failed is not used again: what it believes of the disk may be wrong."""
        with self._turn, event_failures(self._path):
            if self._connection is None:
                self._connection = self._connect()
            try:
                yield self._connection
            except BaseException:
                self._disconnect()
                raise

    def _connect(self) -> sqlite3.Connection:
        """No restore puts another folder in the place of this one while it is written to."""
        lock = self._folder / LOCK
        lock.touch()
        with ExitStack() as stack:
            if not stack.enter_context(held(lock)):
                raise StorageError(self._folder, "is being replaced by a restore; try again")
            connection = connect_to_write(self._path)
            self._hold = stack.pop_all()
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with self._hold, suppress(sqlite3.Error):
                connection.close()


def _record(connection: sqlite3.Connection, sequence: int, event: KeptEvent) -> Fate:
    if event.shopper:
        until = connection.execute(
            "SELECT time FROM forgotten WHERE shopper = ?", (tombstone_of(event.shopper),)
        ).fetchone()
        if until is not None and event.time <= until[0]:
            return Fate.FORGOTTEN
    inserted = connection.execute(_INSERT, event_row(sequence, event)).rowcount
    return Fate.RECORDED if inserted else Fate.KNOWN
