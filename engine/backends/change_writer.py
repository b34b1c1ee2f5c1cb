"""A process's connection that writes to a change log, and the mark that follows it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from engine.backends.change import LoggedRequest, Row, change_row, microseconds, request_row, seal
from engine.backends.change_log_schema import (
    PAGE_BYTES,
    connect_to_write,
    latest_time,
    read_extent,
    refuse_loss,
)
from engine.backends.change_mark import Extent, Mark, MarkWriter

_FOLD_BYTES = 8 * 2**20
"""Payload after which the -wal is folded into the database, and begun anew if no reader is in it just then.
Where readers never leave it alone, they are waited for when it has four times as much.
"""
_FORGOTTEN_AT_ONCE = 2_000
"""Rows of one transaction of `forget`."""
_INSERT_CHANGE = "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_REQUEST = "INSERT INTO request VALUES (?, ?, ?, ?, ?)"
_KNOWN_REQUEST = "SELECT 1 FROM request WHERE id = ?"
_FIRST_KEPT = "SELECT ordinal FROM request WHERE time >= ? ORDER BY ordinal LIMIT 1"
_NEW_EXTENT = "UPDATE log SET compacted = ?, forgotten = ?, time = ?, checksum = ?"


class ChangeWriter:
    """For those whose turn it is to write. Errors are those of SQLite and the system.

    Times are microseconds since 1970; where the clock was set back, they stand still until it has caught up.
    """

    def __init__(
        self, path: Path, mark: MarkWriter, *, retention: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self._path, self._mark, self._clock = path, mark, clock
        self._retention = retention // timedelta(microseconds=1)
        self._unfolded = self._in_wal = 0
        connection = connect_to_write(path)
        self._connection: sqlite3.Connection | None = connection
        self._time = latest_time(connection)

    @property
    def mark(self) -> Mark:
        """What was acknowledged, by whichever process."""
        return self._mark.mark

    def catch_up(self) -> None:
        """To be called at the beginning of a turn. What another process committed that ended before it could
        acknowledge it is acknowledged now.
        """
        with self._transaction() as (connection, extent):
            self._time = latest_time(connection)
        self._acknowledge(extent)

    def store(self, requests: Sequence[LoggedRequest]) -> list[range]:
        """In one transaction, acknowledged by the mark. The sequences of each request's changes: none for a
        request id that is known.
        """
        ranges: list[range] = []
        with self._transaction() as (connection, before):
            time, sequence, ordinal, size = self._now(), before.sequence, before.request, 0
            for request in requests:
                known = _is_known(connection, request.request_id)
                rows = [
                    change_row(self.mark.log_id, number, time, change)
                    for number, change in enumerate(() if known else request.changes, sequence + 1)
                ]
                connection.executemany(_INSERT_CHANGE, rows)
                ranges.append(range(sequence + 1, sequence + 1 + len(rows)))
                sequence += len(rows)
                size += sum(map(_payload, rows))
                if request.request_id and not known:
                    ordinal += 1
                    connection.execute(_INSERT_REQUEST, request_row(self.mark.log_id, ordinal, time, request))
        self._time = time
        self._unfolded += size
        self._acknowledge(replace(before, sequence=sequence, request=ordinal))
        return ranges

    def forget(self, upto: int) -> bool:
        """Some changes up to this one, and some requests older than the retention; whether there are more."""
        with self._transaction() as (connection, before):
            now = self._now()
            kept = connection.execute(_FIRST_KEPT, (now - self._retention,)).fetchone()
            old = kept[0] - 1 if kept else before.request
            after = replace(
                before,
                compacted=max(before.compacted, min(upto, before.compacted + _FORGOTTEN_AT_ONCE)),
                forgotten=min(old, before.forgotten + _FORGOTTEN_AT_ONCE),
            )
            if after != before:
                connection.execute("DELETE FROM change WHERE sequence <= ?", (after.compacted,))
                connection.execute("DELETE FROM request WHERE ordinal <= ?", (after.forgotten,))
                numbers = (after.compacted, after.forgotten, self._time)
                connection.execute(_NEW_EXTENT, (*numbers, seal(self.mark.log_id, *numbers)))
        self._acknowledge(after)
        return after.compacted < upto or after.forgotten < old

    def fold(self) -> None:
        """Copy the -wal into the database, if this process has put much into it; readers never do. What fails
        here is acknowledged all the same, stays in the -wal, and is tried again after the next commit.
        """
        if self._unfolded < _FOLD_BYTES or self._connection is None:
            return
        mode = "PASSIVE" if self._in_wal < 4 * _FOLD_BYTES else "RESTART"
        with suppress(sqlite3.Error):
            [(busy, frames, _)] = self._connection.execute(f"PRAGMA wal_checkpoint({mode})")
            self._in_wal = 0 if mode == "RESTART" and not busy else frames * PAGE_BYTES
            self._unfolded = 0

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._disconnect()
        self._mark.close()

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, Extent]]:
        """Committed and flushed at the end, or not there at all. A connection that failed is not used again:
        what it believes of the disk may be wrong.
        """
        if self._connection is None:
            self._connection = connect_to_write(self._path)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            before = read_extent(self._connection, self._path, self.mark.log_id)
            refuse_loss(self._path, before, self.mark.extent)
            yield self._connection, before
            self._connection.execute("COMMIT")
        except BaseException:
            self._disconnect()
            raise

    def _acknowledge(self, extent: Extent) -> None:
        if extent != self.mark.extent:
            self._mark.write(extent)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _now(self) -> int:
        return max(self._time, microseconds(self._clock()))


def _is_known(connection: sqlite3.Connection, request_id: str) -> bool:
    return (
        bool(request_id) and connection.execute(_KNOWN_REQUEST, (request_id.encode(),)).fetchone() is not None
    )


def _payload(row: Row) -> int:
    return sum(len(value) for value in row if isinstance(value, bytes))
