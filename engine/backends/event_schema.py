"""The file of shoppers' events: made, opened, and how its rows are written and read.

Every connection that writes overwrites what it deletes (secure_delete), since rows that are moved within the
file would otherwise leave copies behind that no later deletion finds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias
from zlib import crc32

from engine.backends.sqlite_file import connect, use_wal
from engine.backends.storage_failure import storage_failures
from engine.errors import DamagedChangeLogError, DamagedEventsError, LockHeldError, StorageError
from engine.files import fsync_folder
from engine.shopper_events import EventType, KeptEvent

DATABASE = "events.sqlite3"
APPLICATION_ID = 0x43474556
"""What a file of ours says that it is, in its header: "CGEV"."""
FORMAT_VERSION = 1
EVENT_COLUMNS = (
    "sequence, id, type, shopper, session, purchase, search, product_id, query, position, quantity, time, "
    "checksum"
)
_TABLES = """
CREATE TABLE store (key_check BLOB NOT NULL, sequence INTEGER NOT NULL);
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, type INTEGER NOT NULL, shopper BLOB NOT NULL,
    session BLOB NOT NULL, purchase BLOB NOT NULL, search BLOB NOT NULL, product_id TEXT NOT NULL,
    query TEXT NOT NULL, position INTEGER NOT NULL, quantity INTEGER NOT NULL, time INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE INDEX event_of_shopper ON event (shopper) WHERE shopper != x'';
CREATE INDEX event_by_time ON event (time);
CREATE TABLE forgotten (
    shopper BLOB PRIMARY KEY, time INTEGER NOT NULL, first INTEGER NOT NULL, erased INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE erased (id BLOB PRIMARY KEY, time INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE backup (
    place TEXT NOT NULL, created INTEGER NOT NULL, sequence INTEGER, PRIMARY KEY (place, created)
) WITHOUT ROWID;
CREATE TABLE held (
    shopper BLOB NOT NULL, place TEXT NOT NULL, created INTEGER NOT NULL, events INTEGER NOT NULL,
    PRIMARY KEY (shopper, place, created)
) WITHOUT ROWID;
"""
"""`forgotten` are tombstones, `held` says what backups have of whom; both name a shopper by `tombstone_of`.
`erased` are ids of events that are gone: one that is sent again is not taken. A backup without a sequence is
being taken.
"""
_BUSY_SECONDS = 5.0
"""For other processes that write, and for readers to leave the -wal."""

Row: TypeAlias = tuple[Any, ...]


def tombstone_of(shopper: bytes) -> bytes:
    """The name under which it is remembered that a shopper was forgotten: not the one of the events, so that
    nothing of these is left, and found without the key, so that a backup can be cleaned.
    """
    return sha256(shopper).digest()


def holds_events(folder: Path) -> bool:
    """Whether any event was ever recorded there. DamagedEventsError when only a -wal is left."""
    path = folder / DATABASE
    wal = path.with_name(f"{DATABASE}-wal")
    with event_failures(path):
        if not path.exists() and wal.exists() and wal.stat().st_size:
            raise DamagedEventsError(path, "is missing, but its -wal is there")
        return path.exists()


def create_where_absent(folder: Path, key_check: bytes) -> None:
    """By a link, which fails where another process was first."""
    if holds_events(folder):
        return
    path = folder / DATABASE
    with event_failures(path):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".events.", dir=folder) as unfinished:
            made = Path(unfinished) / DATABASE
            with closing(sqlite3.connect(made, isolation_level=None)) as connection:
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
                connection.executescript(f"BEGIN;{_TABLES}")
                connection.execute("INSERT INTO store VALUES (?, 0)", (key_check,))
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode=WAL")
            with suppress(FileExistsError):
                path.hardlink_to(made)
        fsync_folder(folder)


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Every COMMIT of it is flushed."""
    connection = _connect(path, "mode=rw")
    try:
        use_wal(connection, path)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.create_function("tombstone_of", 1, tombstone_of, deterministic=True)
        _refuse_foreign(connection, path)
        fsync_folder(path.parent)  # the -wal is there now, and has to be after a power cut
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """`immutable` is for a copy that nobody writes to."""
    connection = _connect(path, "immutable=1" if immutable else "mode=ro")
    try:
        _refuse_foreign(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def last_sequence(connection: sqlite3.Connection, path: Path) -> int:
    """The last number that was given, to an event or to the forgetting of a shopper. DamagedEventsError."""
    row = connection.execute("SELECT sequence FROM store").fetchone()
    if row is None or type(row[0]) is not int:
        raise DamagedEventsError(path, "does not say how far it goes")
    return row[0]


def event_row(sequence: int, event: KeptEvent) -> Row:
    """In the order of EVENT_COLUMNS."""
    row = (
        *(sequence, event.id, int(event.type), event.shopper, event.session, event.order, event.search),
        *(event.product_id, event.query, event.position, event.quantity, event.time),
    )
    return (*row, _checksum(row))


def read_event(path: Path, row: Row) -> tuple[int, KeptEvent]:
    """With its sequence. DamagedEventsError for a row that is not what was written."""
    *content, checksum = row
    if checksum != _checksum(tuple(content)):
        raise DamagedEventsError(path, f"does not match the checksum of event {content[0]}")
    sequence, event_id, kind, *rest = content
    return sequence, KeptEvent(event_id, EventType(kind), *rest)


@contextmanager
def event_failures(path: Path) -> Iterator[None]:
    """Errors of SQLite and the system become EngineErrors that speak of events."""
    try:
        with storage_failures(path):
            yield
    except DamagedChangeLogError as error:
        raise DamagedEventsError(error.path, error.problem) from error
    except sqlite3.OperationalError as error:  # of a table that is not what we made
        raise DamagedEventsError(path, f"cannot be read as events ({error})") from error
    except LockHeldError as error:
        problem = f"was written to by another process for {_BUSY_SECONDS:g} seconds; try again"
        raise StorageError(path, problem) from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return connect(path, mode, busy_seconds=_BUSY_SECONDS, text_factory=_text)


def _text(content: bytes) -> str:
    """Of a damaged file, text need not be any; the checksum tells."""
    return content.decode(errors="replace")


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    [(application,)] = connection.execute("PRAGMA application_id")
    [(version,)] = connection.execute("PRAGMA user_version")
    if (application, version) != (APPLICATION_ID, FORMAT_VERSION):
        raise DamagedEventsError(path, f"holds no events of format version {FORMAT_VERSION}")


def _checksum(row: Row) -> int:
    return crc32(repr(row).encode())
