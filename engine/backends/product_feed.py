"""The change log as its followers see it: page by page, and told when there is more.

It reads by connections of its own, so that a writer that fails and is opened again disturbs no follower, and
so that a process that only searches serves followers as well. Changes that this process commits are told at
once, those of another one when they are laid over what is served here (`engine.live.catching_up`), or at
the next call. Only what is flushed can be read: no follower has a change that a crash takes back.
"""

from __future__ import annotations

from pathlib import Path
from threading import Condition, Lock

from engine.backends.change import Change
from engine.backends.change_log_schema import DATABASE
from engine.backends.change_reader import ChangeReader
from engine.backends.product_record import from_record
from engine.change_feed import ChangePage, FollowedChange, LogPosition
from engine.errors import AnotherLogError, InvalidArgumentError, NotServingError

PAGE_CHANGES = 500
PAGE_BYTES = 256 * 1024
"""Of records and embeddings, after which a page ends: what a follower takes in memory, several times over.
One change has 4 MiB at most, as the request has that it came by.
"""


class ProductFeed:
    """Safe to share between threads. Nothing is opened before it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: ChangeReader | None = None
        self._opening = Lock()
        self._news = Condition()
        self._wakes = 0
        self._closed = False

    def page(self, position: LogPosition, wait: float) -> ChangePage:
        """See `ChangeFeed.page`; also raises what `ChangeReader` does."""
        wakes = self._wakes
        page = self._read(position)
        if page.changes or wait <= 0:
            return page
        with self._news:
            self._news.wait_for(lambda: self._wakes != wakes or self._closed, wait)
        return self._read(position)

    def wake(self) -> None:
        with self._news:
            self._wakes += 1
            self._news.notify_all()

    def close(self) -> None:
        """Those that wait are woken."""
        with self._opening:
            self._closed = True
            if self._reader is not None:
                self._reader.close()
        with self._news:
            self._news.notify_all()

    def _read(self, position: LogPosition) -> ChangePage:
        reader = self._open()
        log_id = "" if reader is None else reader.lineage
        if position.log_id and position.log_id != log_id:
            raise AnotherLogError(position.log_id, log_id)
        last = 0 if reader is None else reader.last_sequence
        if position.sequence > last:
            raise InvalidArgumentError(
                "after_sequence",
                f"after_sequence is {position.sequence}, but the last change of this log is {last}.",
                last_sequence=last,
            )
        if reader is None or position.sequence == last:
            return ChangePage(log_id, (), last)
        found = reader.since(position.sequence, PAGE_CHANGES, most_bytes=PAGE_BYTES)
        return ChangePage(log_id, [_followed(change) for change in found], max(last, found[-1].sequence))

    def _open(self) -> ChangeReader | None:
        """None while nobody has written yet. The database is the last of a log's files to be made."""
        with self._opening:
            if self._closed:
                raise NotServingError("The change log is closed; ask another server.")
            if self._reader is None and (self._folder / DATABASE).exists():
                self._reader = ChangeReader.open_to_read(self._folder)
            return self._reader


def _followed(change: Change) -> FollowedChange:
    product = None if change.deleted else from_record(change.record)
    return FollowedChange(
        change.sequence, change.time, change.product_id, product, change.vector, change.encoder
    )
