"""Live changes of products in the change log of a data folder: what is written, followed and replayed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from engine.backends.change_log import Change, ChangeLog, ChangeReader, LoggedRequest, NewChange
from engine.backends.change_log_schema import DATABASE, MARK, holds_log
from engine.backends.change_mark import read_mark
from engine.backends.product_feed import ProductFeed
from engine.backends.product_record import from_record, to_record
from engine.errors import (
    DamagedChangeLogError,
    EngineError,
    FailedPreconditionError,
    ForgottenChangesError,
    InvalidArgumentError,
)
from engine.types import FoldedChanges
from engine.written_changes import WrittenChange, WrittenRequest

_FEW = 1_000
"""Changes read at a time."""


class ProductLog:
    """Opened for writing at the first change: a shop that makes none has no log. Safe to share between
    threads, and with other processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lineage: bytes | None = None
        self._log: ChangeLog | None = None
        self._opening = threading.Lock()
        self.feed = ProductFeed(folder)

    @property
    def last_sequence(self) -> int:
        """Of the last change that was acknowledged. Opens for writing."""
        return self._writer().last_sequence

    @property
    def acknowledged(self) -> int:
        """As `last_sequence`, but opens nothing: 0 without a log. It takes microseconds. Raises
        FailedPreconditionError when the log is not the one any more that it was when this was asked first.
        """
        path = self._folder / MARK
        if not path.exists():
            return 0
        mark = read_mark(path)
        self._lineage = self._lineage or mark.lineage
        if mark.lineage != self._lineage:
            raise FailedPreconditionError(
                f"Another change log was put in the place of {path}; restart the server."
            )
        return mark.extent.sequence

    @contextmanager
    def turn(self) -> Iterator[None]:
        """No other process writes meanwhile. Opens for writing; raises as `ChangeLog.turn`."""
        with self._writer().turn():
            yield

    @property
    def size_bytes(self) -> int:
        """Of what is kept; 0 without a log. Opens nothing for writing."""
        with self._opened() as reader:
            return reader.size_bytes if reader is not None else 0

    def outcome_of(self, request_id: str) -> bytes | None:
        return self._writer().outcome_of(request_id)

    def commit(self, requests: Sequence[WrittenRequest]) -> None:
        """All in one transaction, durable when this returns. Raises as `ChangeLog.commit`."""
        logged = [
            LoggedRequest(each.request_id, each.outcome, [_new(change) for change in each.changes])
            for each in requests
        ]
        log = self._writer()
        try:
            log.commit(logged)
        except EngineError:
            self._reopen()
            raise
        self.feed.wake()

    def latest(self, after: int) -> Iterator[WrittenChange]:
        """The last change of every product that comes after a sequence, in order; none without a log."""
        yield from self._read(lambda reader: reader.latest(after))

    def since(self, sequence: int) -> Iterator[WrittenChange]:
        """All changes after a sequence, in order."""

        def read(reader: ChangeReader) -> Iterator[Change]:
            here = sequence
            while some := reader.since(here, _FEW):
                yield from some
                here = some[-1].sequence

        yield from self._read(read)

    def upto(self, sequence: int) -> FoldedChanges | None:
        """What a generation has to say that holds the changes up to this one; None without a log. Raises
        InvalidArgumentError for one that the log has not reached.
        """
        with self._opened() as reader:
            if reader is None:
                return None
            if sequence > (last := reader.last_sequence):
                raise InvalidArgumentError("sequence", f"the last change of the log is {last}.")
            return FoldedChanges(sequence, reader.log_id, reader.lineage)

    def start_of(self, folded: FoldedChanges) -> int:
        """The change after which all have to be laid over a generation that holds these.

        Of a log that was restored or made anew since, that is all it has: the same number may be another
        change there. Raises ForgottenChangesError when the log lacks some of them, DamagedChangeLogError when
        it ends before those that the generation holds.
        """
        with self._opened() as reader:
            return _start(reader, self._folder / DATABASE, folded) if reader else 0

    @property
    def writing(self) -> bool:
        """Whether this process has written."""
        return self._log is not None

    def forget(self, generations: Sequence[FoldedChanges], most: int) -> int:
        """Forget changes that all of these generations hold, `most` (>= 1) of them at most; how many it were:
        none where this process does not write. A generation that cannot be served any more does not count.
        """
        log = self._log
        if log is None:
            return 0
        starts = []
        for folded in generations:
            with suppress(ForgottenChangesError):
                starts.append(_start(log, self._folder / DATABASE, folded))
        compacted = log.compacted
        return log.compact(min(*starts, compacted + most)) if starts else 0

    def close(self) -> None:
        self.feed.close()
        with self._opening:
            if self._log is not None:
                self._log.close()

    def _reopen(self) -> None:
        """After a failure it may hold more than was acknowledged; opening it again tells."""
        with self._opening:
            if self._log is not None:
                self._log.close()
            self._log = None

    def _read(self, read: Callable[[ChangeReader], Iterator[Change]]) -> Iterator[WrittenChange]:
        with self._opened() as reader:
            if reader is not None:
                yield from map(_read_back, read(reader))

    @contextmanager
    def _opened(self) -> Iterator[ChangeReader | None]:
        """None where there is no log."""
        if self._log is not None:
            yield self._log
        elif holds_log(self._folder):
            with closing(ChangeReader.open_to_read(self._folder)) as reader:
                yield reader
        else:
            yield None

    def _writer(self) -> ChangeLog:
        with self._opening:
            if self._log is None:
                self._log = ChangeLog.open(self._folder)
            return self._log


def _read_back(change: Change) -> WrittenChange:
    product = None if change.deleted else from_record(change.record)
    return WrittenChange(change.sequence, change.product_id, product, change.vector, change.encoder)


def _new(change: WrittenChange) -> NewChange:
    if change.product is None:
        return NewChange.deletion(change.product_id)
    return NewChange(change.product_id, to_record(change.product), change.vector, change.encoder)


def _start(reader: ChangeReader, path: Path, folded: FoldedChanges) -> int:
    forgotten, last = reader.compacted, reader.last_sequence
    ours = (folded.log, folded.lineage) == (reader.log_id, reader.lineage)
    if ours and folded.sequence > last:
        raise DamagedChangeLogError(
            path, f"ends with change {last}, but a generation holds its changes up to {folded.sequence}"
        )
    if forgotten and (folded.log != reader.log_id or folded.sequence < forgotten):
        raise ForgottenChangesError(folded.sequence if folded.log == reader.log_id else 0, forgotten)
    return folded.sequence if ours else forgotten
