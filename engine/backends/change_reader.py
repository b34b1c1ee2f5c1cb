"""Reading a change log, from any thread and any process, while others write.

Every call sees one moment of the log, with whole transactions only, and lasts milliseconds, so that a slow
reader never keeps the -wal from being folded in. Every row is held against its checksum before it is served.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from math import inf
from pathlib import Path

from engine.backends.change import Change, Row, read_outcome
from engine.backends.change_backup import back_up
from engine.backends.change_log_check import damaged_row, read_row, refuse_foreign, verify
from engine.backends.change_log_schema import (
    CHANGE_COLUMNS,
    DATABASE,
    MARK,
    REQUEST_COLUMNS,
    connect_to_read,
    holds_log,
    read_extent,
    refuse_loss,
)
from engine.backends.change_mark import Extent, Mark, read_mark
from engine.backends.storage_failure import storage_failures
from engine.errors import (
    CompactedError,
    ConfigError,
    FailedPreconditionError,
    InvalidArgumentError,
)

_STREAMED_AT_ONCE = 500
_IDLE_CONNECTIONS = 8
# Both statements are made of constants.
_CHANGES_AFTER = f"SELECT {CHANGE_COLUMNS} FROM change WHERE sequence > ? ORDER BY sequence LIMIT ?"  # noqa: S608
_IDS_AFTER = "SELECT product_id, sequence FROM change WHERE sequence > ? ORDER BY sequence"
_REQUEST = f"SELECT {REQUEST_COLUMNS} FROM request WHERE id = ?"  # noqa: S608


class ChangeReader:
    """Safe to share between threads. `mark` is that of the moment of opening."""

    def __init__(self, folder: Path, mark: Mark) -> None:
        self._path = folder / DATABASE
        self._log_id = mark.log_id
        self._at_opening = mark.extent
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        self.log_id = mark.log_id.hex()
        """Names this log; a backup of it has the same."""
        self.lineage = mark.lineage.hex()
        """Names this log and what was written to it. A log that was restored from a backup has another: who
        followed the old one has to start over.
        """

    @classmethod
    def open_to_read(cls, folder: Path) -> ChangeReader:
        """For processes that do not write. Whether all of it is whole is for `check` to say; what is read is.

        ConfigError where there is no log; DamagedChangeLogError when it is foreign, or ends too early.
        """
        if not holds_log(folder):
            raise ConfigError(f"There is no change log in {folder}. A server that takes changes makes it.")
        reader = ChangeReader(folder, read_mark(folder / MARK))
        try:
            with storage_failures(reader._path):
                refuse_foreign(reader._path)
            reader.last_sequence  # noqa: B018  # asked for so that a loss is told now
        except BaseException:
            reader.close()
            raise
        return reader

    @property
    def last_sequence(self) -> int:
        """0 of a log without any change."""
        with self._reading() as (_, extent):
            return extent.sequence

    @property
    def compacted(self) -> int:
        """Changes up to this one are forgotten; 0 = none."""
        with self._reading() as (_, extent):
            return extent.compacted

    @property
    def size_bytes(self) -> int:
        """Of what is kept. Neither pages that `compact` freed count, which changes to come take before the
        file grows, nor the -wal, which is bounded by itself.
        """
        with self._reading() as (connection, _):
            [(count,)] = connection.execute("PRAGMA page_count")
            [(free,)] = connection.execute("PRAGMA freelist_count")
            [(page,)] = connection.execute("PRAGMA page_size")
        return int((count - free) * page)

    def since(self, sequence: int, limit: int, *, most_bytes: float = inf) -> Sequence[Change]:
        """The changes after `sequence` (>= 0; 0 = from the beginning), in order, at most `limit` (>= 1). The
        one with which they have `most_bytes` is the last.

        CompactedError when the next one is forgotten; InvalidArgumentError for a number that the log has not
        reached, as when it was restored from a backup.
        """
        if limit < 1:
            raise InvalidArgumentError("limit", f"limit is {limit}; it has to be 1 or more.")
        with self._reading() as (connection, extent):
            if not 0 <= sequence <= extent.sequence:
                raise InvalidArgumentError(
                    "sequence",
                    f"sequence is {sequence}, but the last change of this log is {extent.sequence}.",
                )
            if sequence < extent.compacted:
                raise CompactedError(sequence, extent.compacted)
            with closing(connection.execute(_CHANGES_AFTER, (sequence, limit))) as found:
                rows, held = _filling(found, most_bytes)
        if len(rows) < min(limit, extent.sequence - sequence) and held < most_bytes:
            raise damaged_row(self._path, "change", sequence + len(rows) + 1)
        return [
            read_row(self._path, self._log_id, row, number) for number, row in enumerate(rows, sequence + 1)
        ]

    def latest(self, after: int | None = None) -> Iterator[Change]:
        """The last change of every product, deletions included, in order of sequence, as of this call: of
        those changes that come `after` one (>= 0), or of all that are kept.

        In memory there are one id per product while it begins and one number per product later.
        CompactedError when the next change is forgotten. A compaction that overtakes it ends it with
        CompactedError: what it would have told is in a generation now.
        """
        with self._reading() as (connection, extent):
            position = extent.compacted if after is None else after
            if position < extent.compacted:
                raise CompactedError(position, extent.compacted)
            pairs = connection.execute(_IDS_AFTER, (position,))
            newest = frozenset(
                dict(pairs).values()
            )  # not believed: every row that it rests on is checked below
        return self._stream(newest, position, extent)

    def _stream(self, newest: frozenset[int], position: int, extent: Extent) -> Iterator[Change]:
        while position < extent.sequence:
            changes = self.since(position, min(_STREAMED_AT_ONCE, extent.sequence - position))
            position = changes[-1].sequence
            yield from (change for change in changes if change.sequence in newest)

    def outcome_of(self, request_id: str) -> bytes | None:
        """What a repetition of this request is answered with; None when it is unknown, or forgotten."""
        if not request_id:
            return None
        with self._reading() as (connection, _):
            row = connection.execute(_REQUEST, (request_id.encode(),)).fetchone()
        if row is None:
            return None
        outcome = read_outcome(self._log_id, row)
        if outcome is None:
            raise damaged_row(self._path, "request", row[0])
        return outcome

    def check(self) -> None:
        """Read all of the log. DamagedChangeLogError names what is damaged."""
        acknowledged = self._acknowledged()
        with storage_failures(self._path), self._connected() as connection:
            verify(connection, self._path, self._log_id, acknowledged)

    def back_up(self, target: Path) -> Extent:
        """See `change_backup.back_up`. Neither readers nor the writer wait for it."""
        acknowledged = self._acknowledged()
        with storage_failures(self._path), self._connected() as connection:
            return back_up(connection, self._path, target, self._log_id, acknowledged)

    def close(self) -> None:
        """Calls that are under way end as they would; later ones raise FailedPreconditionError."""
        self._closed = True
        self._close_idle()

    def _acknowledged(self) -> Extent:
        """The least that there has to be."""
        return self._at_opening

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, Extent]]:
        """One moment of the log."""
        acknowledged = self._acknowledged()
        with storage_failures(self._path), self._connected() as connection:
            connection.execute("BEGIN")
            try:
                extent = read_extent(connection, self._path, self._log_id)
                refuse_loss(self._path, extent, acknowledged)
                yield connection, extent
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses meanwhile. One that failed is not used again."""
        if self._closed:
            raise FailedPreconditionError(f"The change log {self._path} is closed.")
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connect_to_read(self._path)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if self._closed or len(self._idle) > _IDLE_CONNECTIONS:
            self._close_idle(keep=0 if self._closed else _IDLE_CONNECTIONS)

    def _close_idle(self, keep: int = 0) -> None:
        with suppress(IndexError):
            while len(self._idle) > keep:
                self._idle.popleft().close()


def _filling(found: Iterable[Row], most_bytes: float) -> tuple[list[Row], int]:
    """Rows, the last of which is the one with which they hold `most_bytes`, and what they hold."""
    rows: list[Row] = []
    held = 0
    for row in found:
        rows.append(row)
        held += sum(len(each) for each in row if isinstance(each, bytes))
        if held >= most_bytes:
            break
    return rows, held
