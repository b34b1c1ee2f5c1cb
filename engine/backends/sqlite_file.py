"""What our files of SQLite have in common, whatever they hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from engine.errors import StorageError


def connect(
    path: Path, mode: str, *, busy_seconds: float, text_factory: Callable[[bytes], str | bytes]
) -> sqlite3.Connection:
    """Any thread may use it, one at a time; transactions are begun by hand. `mode` is of SQLite's URIs:
    "mode=rw", "mode=ro", or "immutable=1" for a file that nobody writes to.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=busy_seconds,
    )
    connection.text_factory = text_factory
    return connection


def use_wal(connection: sqlite3.Connection, path: Path) -> None:
    """StorageError on a file system without shared memory, such as one of a network: it has no WAL."""
    [(mode,)] = connection.execute("PRAGMA journal_mode=WAL")
    if mode not in ("wal", b"wal"):
        raise StorageError(path, "is on a file system where SQLite has no WAL; put it on a local disk")
