"""Reading shoppers' events, from any process, while others write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

from engine.backends.event_schema import (
    DATABASE,
    EVENT_COLUMNS,
    connect_to_read,
    event_failures,
    holds_events,
    last_sequence,
    read_event,
)
from engine.errors import ConfigError, DamagedEventsError
from engine.files import fsync_folder
from engine.shopper_events import KeptEvent

_EVENTS = f"SELECT {EVENT_COLUMNS} FROM event ORDER BY sequence"  # noqa: S608 (made of a constant)


class EventReader:
    """One moment of a store: that of its opening. Keep it no longer than it is read, since what is erased
    stays in the -wal meanwhile.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection
        self.sequence = last_sequence(connection, path)
        """See `last_sequence`."""
        [(self.key_check,)] = connection.execute("SELECT key_check FROM store")

    @classmethod
    def open_to_read(cls, folder: Path) -> Self:
        """ConfigError where there are no events; DamagedEventsError for a file that holds none."""
        if not holds_events(folder):
            raise ConfigError(f"There are no events in {folder}. A server that records some makes its store.")
        path = folder / DATABASE
        with event_failures(path):
            connection = connect_to_read(path)
            try:
                connection.execute("BEGIN")
                return cls(path, connection)
            except BaseException:
                connection.close()
                raise

    def events(self) -> Iterator[tuple[int, KeptEvent]]:
        """With their sequences, ascending; with gaps, where some were erased. DamagedEventsError."""
        with event_failures(self._path):
            for row in self._connection.execute(_EVENTS):
                yield read_event(self._path, row)

    def check(self) -> int:
        """Read everything; how many events there are. DamagedEventsError names what is damaged."""
        with event_failures(self._path):
            [(problem,)] = self._connection.execute("PRAGMA integrity_check(1)")
            if problem != "ok":
                raise DamagedEventsError(self._path, f"is damaged ({problem})")
        return sum(1 for _ in self.events())

    def back_up(self, folder: Path) -> None:
        """A new folder with a copy of the store, read again before this returns. It knows of no other backup:
        a backup names no place of the machine. DamagedEventsError names the original.
        """
        target = folder / DATABASE
        with event_failures(target):
            folder.mkdir()
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                self._connection.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
                copy.execute("PRAGMA secure_delete=ON")
                copy.executescript("DELETE FROM held; DELETE FROM backup;")
            with target.open("rb") as file:
                os.fsync(file.fileno())
            fsync_folder(folder)
            fsync_folder(folder.parent)
            with closing(connect_to_read(target, immutable=True)) as copied:
                EventReader(self._path, copied).check()

    def close(self) -> None:
        self._connection.close()
