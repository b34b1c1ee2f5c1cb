"""Whether a change log is whole: everything in it is read and held against its checksums and its mark."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.backends.change import Change, Row, read_change, read_outcome
from engine.backends.change_log_schema import (
    APPLICATION_ID,
    CHANGE_COLUMNS,
    FORMAT_VERSION,
    REQUEST_COLUMNS,
    read_extent,
    refuse_loss,
)
from engine.backends.change_mark import Extent
from engine.backends.storage_failure import of_sqlite
from engine.errors import DamagedChangeLogError

_HEADER_BYTES = 100
"""Of a file of SQLite, whatever its pages; user_version is at 60, application_id at 68."""

_CHANGES = f"SELECT {CHANGE_COLUMNS} FROM change ORDER BY sequence"  # noqa: S608 (a constant)
_REQUESTS = f"SELECT {REQUEST_COLUMNS} FROM request ORDER BY ordinal"  # noqa: S608 (a constant)


def verify(connection: sqlite3.Connection, path: Path, log_id: bytes, acknowledged: Extent) -> Extent:
    """Returns what is there. DamagedChangeLogError unless SQLite's structures are sound, every row matches
    its checksum, no number is missing, and all that was acknowledged is there.
    """
    with _damage(path):
        refuse_foreign(path)
        connection.execute("BEGIN")
        try:
            _refuse_broken_pages(connection, path)
            extent = read_extent(connection, path, log_id)
            refuse_loss(path, extent, acknowledged)
            changes = connection.execute(_CHANGES)
            _refuse_gaps(
                path,
                "change",
                changes,
                lambda row: read_change(log_id, row),
                extent.compacted,
                extent.sequence,
            )
            requests = connection.execute(_REQUESTS)
            _refuse_gaps(
                path,
                "request",
                requests,
                lambda row: read_outcome(log_id, row),
                extent.forgotten,
                extent.request,
            )
            return extent
        finally:
            connection.execute("ROLLBACK")


def read_row(path: Path, log_id: bytes, row: Row, sequence: int) -> Change:
    """The change that `row` holds; DamagedChangeLogError unless it is whole and this one."""
    change = read_change(log_id, row)
    if change is None or change.sequence != sequence:
        raise damaged_row(path, "change", sequence)
    return change


def damaged_row(path: Path, kind: str, number: int) -> DamagedChangeLogError:
    return DamagedChangeLogError(
        path, f"is damaged: {kind} {number} is missing or does not match its checksum"
    )


def refuse_foreign(path: Path) -> None:
    """Refuses a file that is missing, empty, of another program, or of another version of this one.

    To be asked before SQLite is: beside an empty database it deletes the -wal.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        raise DamagedChangeLogError(path, "is missing") from None
    if len(header) < _HEADER_BYTES:
        raise DamagedChangeLogError(path, f"has only {len(header)} bytes")
    application, version = (int.from_bytes(header[place : place + 4], "big") for place in (68, 60))
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION_ID:
        raise DamagedChangeLogError(path, "is no change log")
    if version != FORMAT_VERSION:
        raise DamagedChangeLogError(path, f"has format version {version}, this engine reads {FORMAT_VERSION}")


def _refuse_broken_pages(connection: sqlite3.Connection, path: Path) -> None:
    """All of SQLite's own check: the quick one leaves out whether the requests' index fits their table."""
    [(told,), *_] = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if told != b"ok":
        problem = told.decode(errors="replace").replace("*** in database main ***", "").split()
        raise DamagedChangeLogError(path, f"or its -wal is damaged ({' '.join(problem)})")


def _refuse_gaps(
    path: Path,
    kind: str,
    rows: Iterator[Row],
    read: Callable[[Row], object | None],
    before: int,
    last: int,
) -> None:
    """Every number after `before` up to `last` has to be there, in order, whole."""
    expected = before
    for row in rows:
        expected += 1
        if row[0] != expected or read(row) is None:
            raise damaged_row(path, kind, expected)
    if expected != last:
        raise damaged_row(path, kind, expected + 1)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Whatever SQLite does not understand of a file that it is only asked to read is damage."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        known = of_sqlite(path, error) if isinstance(error, sqlite3.Error) else None
        raise known or DamagedChangeLogError(path, f"is damaged ({error})") from error
