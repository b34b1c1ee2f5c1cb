"""The files of a change log: made, opened, and held against what was acknowledged.

`changes.sqlite3` (with SQLite's own -wal and -shm beside it) holds the rows, `changes.mark` how far they were
acknowledged. The tables hold bytes and numbers only, so that nothing is decoded before its checksum fits. No
index but the requests': changes are only ever appended, read in order, and forgotten from the front.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from engine.backends.change import seal
from engine.backends.change_mark import ID_BYTES, Extent, Mark, create_mark, read_mark
from engine.backends.sqlite_file import connect, use_wal
from engine.backends.storage_failure import storage_failures
from engine.errors import DamagedChangeLogError
from engine.files import fsync_folder

DATABASE = "changes.sqlite3"
MARK = "changes.mark"
APPLICATION_ID = 0x43474348
"""What a file of ours says that it is, in the header where SQLite keeps such a number: "CGCH"."""
FORMAT_VERSION = 1
PAGE_BYTES = 8_192
"""Of SQLite's usual 4 KB, a product of 1 KB with 384 components would fill two thirds and waste the rest."""

CHANGE_COLUMNS = "sequence, time, product_id, record, vector, encoder, checksum"
REQUEST_COLUMNS = "ordinal, time, id, outcome, checksum"
_TABLES = """
CREATE TABLE log (
    id BLOB NOT NULL, compacted INTEGER NOT NULL, forgotten INTEGER NOT NULL, time INTEGER NOT NULL,
    checksum BLOB NOT NULL
);
CREATE TABLE change (
    sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, product_id BLOB NOT NULL, record BLOB NOT NULL,
    vector BLOB, encoder BLOB NOT NULL, checksum BLOB NOT NULL
);
CREATE TABLE request (
    ordinal INTEGER PRIMARY KEY, time INTEGER NOT NULL, id BLOB NOT NULL UNIQUE, outcome BLOB NOT NULL,
    checksum BLOB NOT NULL
);
"""
_CACHE_KIB = 16_384
_WAL_KEPT_BYTES = 64 * 2**20
_BUSY_SECONDS = 1.0
"""For a connection that finds another one mending the -wal after a crash."""
_PATIENCE_MS = 250
"""For readers to leave the -wal, so that it can begin anew."""


def create_where_absent(folder: Path) -> None:
    """DamagedChangeLogError where a database was, and is no more. A mark that acknowledges nothing is left by
    a creation that was cut off.
    """
    path = folder / DATABASE
    if path.exists():
        return
    with storage_failures(path):
        if holds_log(folder):
            raise DamagedChangeLogError(path, "is missing")
        _create(folder)


def holds_log(folder: Path) -> bool:
    """Whether there is a log, whole or not. What a creation left that was cut off, or is under way, is none.

    DamagedChangeLogError when there is nothing but a mark that cannot be read.
    """
    path, mark = folder / DATABASE, folder / MARK
    wal = path.with_name(f"{DATABASE}-wal")
    with storage_failures(path):
        return (
            path.exists()
            or (wal.exists() and wal.stat().st_size > 0)
            or (mark.exists() and read_mark(mark).extent != Extent())
        )


def _create(folder: Path) -> None:
    """The mark first, then the database by a rename. It is made in a folder of its own, so that nothing which
    SQLite left beside an unfinished one is taken for a part of it.
    """
    log_id = secrets.token_bytes(ID_BYTES)
    unfinished = folder / ".changes.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    with closing(sqlite3.connect(unfinished / DATABASE, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
        connection.executescript(_TABLES)
        row = (log_id, 0, 0, 0, seal(log_id, 0, 0, 0))
        connection.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?)", row)
        connection.execute("PRAGMA journal_mode=WAL")
    create_mark(folder / MARK, Mark(log_id, secrets.token_bytes(ID_BYTES), Extent()))
    (unfinished / DATABASE).replace(folder / DATABASE)
    unfinished.rmdir()
    fsync_folder(folder)


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Every COMMIT of it is flushed; checkpoints are left to the one who holds it."""
    connection = _connect(path, "mode=rw")
    try:
        use_wal(connection, path)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA secure_delete=OFF")  # forgetting would write all that is forgotten
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit={_WAL_KEPT_BYTES}")
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        connection.execute("SELECT count(*) FROM log").fetchall()
        fsync_folder(path.parent)  # the -wal is there now, and has to be after a power cut
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Cannot write, and so never checkpoints: a damaged log stays as it was found. `immutable` is for a file
    that nobody writes to and that has no -wal.
    """
    return _connect(path, "immutable=1" if immutable else "mode=ro")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """Of a damaged file, text need not be any: it is read as bytes."""
    return connect(path, mode, busy_seconds=_BUSY_SECONDS, text_factory=bytes)


def read_extent(connection: sqlite3.Connection, path: Path, log_id: bytes) -> Extent:
    """Of what the connection sees now; DamagedChangeLogError when it is another log, or no log."""
    rows = connection.execute("SELECT id, compacted, forgotten, checksum, time FROM log").fetchall()
    if len(rows) != 1 or rows[0][0] != log_id:
        raise DamagedChangeLogError(
            path, f"is not the log that {path.with_name(MARK).name} beside it belongs to"
        )
    [(_, compacted, forgotten, checksum, time)] = rows
    if not all(type(number) is int for number in (compacted, forgotten, time)) or checksum != seal(
        log_id, compacted, forgotten, time
    ):
        raise DamagedChangeLogError(path, "does not match the checksum of its extent")
    [(sequence,)] = connection.execute("SELECT max(sequence) FROM change")
    [(request,)] = connection.execute("SELECT max(ordinal) FROM request")
    return Extent(max(sequence or 0, compacted), compacted, max(request or 0, forgotten), forgotten)


def refuse_loss(path: Path, found: Extent, acknowledged: Extent) -> None:
    """DamagedChangeLogError when something that was acknowledged is not there."""
    if not found.reaches(acknowledged):
        raise DamagedChangeLogError(
            path,
            f"and its -wal hold changes up to {found.sequence} and requests up to {found.request}, but "
            f"{acknowledged.sequence} and {acknowledged.request} were acknowledged: one of them is damaged",
        )


def latest_time(connection: sqlite3.Connection) -> int:
    """Of any row, in microseconds; 0 of a log that never held one."""
    [(time,)] = connection.execute(
        "SELECT max(time, coalesce((SELECT time FROM change ORDER BY sequence DESC LIMIT 1), 0),"
        " coalesce((SELECT time FROM request ORDER BY ordinal DESC LIMIT 1), 0)) FROM log"
    )
    return int(time)
