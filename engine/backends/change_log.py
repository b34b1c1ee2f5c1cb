"""The changes of the live catalogue, on disk: what was acknowledged is never lost, whatever ends the process.

Processes write by turns (`ChangeLog`), any number read (`ChangeReader`). A commit is one transaction of
SQLite (WAL, flushed before it is acknowledged), and then written into the mark beside it, so that a loss is
noticed: see `change_mark`. The log is bounded by who folds it into generations: a change stays until
`compact`, even one that a later one of the same product replaced, because followers count on it.
`size_bytes` says when it is time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Self

from filelock import FileLock, Timeout

from engine.backends.change import Change, LoggedRequest, NewChange
from engine.backends.change_log_check import verify
from engine.backends.change_log_schema import DATABASE, MARK, connect_to_read, create_where_absent
from engine.backends.change_mark import Extent, MarkWriter, read_mark
from engine.backends.change_reader import ChangeReader
from engine.backends.change_writer import ChangeWriter
from engine.backends.file_turn import FileTurn
from engine.backends.storage_failure import storage_failures
from engine.errors import FailedPreconditionError, InvalidArgumentError, LockHeldError, OverloadedError
from engine.files import held

__all__ = ["Change", "ChangeLog", "ChangeReader", "LoggedRequest", "NewChange"]

LOCK = ".changes.lock"
"""Held by all that have the log open for writing, together; alone by who puts another log in its place."""
TURN = ".changes.turn"
RETENTION = timedelta(days=1)


def utc_now() -> datetime:
    return datetime.now(UTC)


class ChangeLog(ChangeReader):
    """Safe to share between threads; those that write take turns, with those of other processes. Readers wait
    for nobody, and a commit waits for readers only when they never leave the -wal alone: a quarter of a
    second, once in 8 MiB.
    """

    def __init__(self, folder: Path, turns: FileTurn, writer: ChangeWriter) -> None:
        super().__init__(folder, writer.mark)
        self._turns, self._writer = turns, writer
        self._writing = RLock()
        self._held = ExitStack()

    @classmethod
    def open(
        cls, folder: Path, *, retention: timedelta = RETENTION, clock: Callable[[], datetime] = utc_now
    ) -> Self:
        """To write; the log is made where there is none, and read whole where there is one. Request ids are
        remembered for `retention` at least.

        LockHeldError while another log is put in its place, OverloadedError when another process does not end
        its turn. DamagedChangeLogError names what is damaged, foreign or missing, and leaves it as it was
        found. StorageError, StorageFullError.
        """
        with ExitStack() as stack:
            with storage_failures(folder):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / LOCK).touch()
                if not stack.enter_context(held(folder / LOCK)):
                    raise LockHeldError(folder / LOCK)
                turns = stack.enter_context(closing(FileTurn(folder / TURN)))
            with turns.taken():
                create_where_absent(folder)
                log = cls(folder, turns, _open_writer(folder, retention, clock))
            log._held = stack.pop_all()
            return log

    @property
    def last_sequence(self) -> int:
        """Of the last change that was acknowledged; 0 of a log without any."""
        return self._acknowledged().sequence

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else writes meanwhile, so that what is read stays the newest. Raises OverloadedError when
        another process does not end its own, and as `commit`.
        """
        with self._writing, storage_failures(self._path):
            self._refuse_closed()
            with self._turns.taken() as first:
                if first:
                    self._writer.catch_up()
                yield

    def commit(self, requests: Sequence[LoggedRequest]) -> Sequence[range]:
        """All of them in one transaction, durable when this returns; the sequences of each one's changes.

        A request id that the log remembers, or that came earlier in the same call, is not applied again: its
        range is empty, and `outcome_of` has its answer. StorageFullError, StorageError: nothing of it is
        acknowledged, and the log can be used again as soon as the disk can. Nothing of it is there either,
        unless it was the mark that could not be written: so ask again with the same request id.
        """
        with self.turn():
            ranges = self._writer.store(requests)
            self._writer.fold()
        return ranges

    def compact(self, upto: int) -> int:
        """Forget the changes up to this one, which a generation holds now, and the request ids that are older
        than the retention. Returns how many changes were forgotten.

        Commits go on meanwhile. Cut off in the middle, it has forgotten some, from the front.
        """
        if not 0 <= upto <= self.last_sequence:
            raise InvalidArgumentError(
                "upto", f"upto is {upto}, but the last change of this log is {self.last_sequence}."
            )
        begin, more = self._acknowledged().compacted, True
        while more:
            with self.turn():
                more = self._writer.forget(upto)
                self._writer.fold()
        return max(0, upto - begin)

    def close(self) -> None:
        """Fold everything into the database, which others may go on writing."""
        with self._writing, ExitStack() as turn:
            if self._closed:
                return
            with suppress(OverloadedError, OSError):  # it ends without one as well
                turn.enter_context(self._turns.taken())
            super().close()
            self._writer.close()
            self._held.close()

    def _acknowledged(self) -> Extent:
        return self._writer.mark.extent

    def _refuse_closed(self) -> None:
        if self._closed:
            raise FailedPreconditionError(f"The change log {self._path} is closed.")


def take_lock(path: Path) -> FileLock:
    """LockHeldError when another process has it."""
    lock = FileLock(path, timeout=0, thread_local=False)
    with storage_failures(path):
        try:
            lock.acquire()
        except Timeout:
            raise LockHeldError(path) from None
    return lock


def _open_writer(folder: Path, retention: timedelta, clock: Callable[[], datetime]) -> ChangeWriter:
    """Only what was found whole is opened for writing: SQLite mends what it believes to be torn."""
    path, mark = folder / DATABASE, read_mark(folder / MARK)
    with storage_failures(path):
        with closing(connect_to_read(path)) as reader:
            extent = verify(reader, path, mark.log_id, mark.extent)
        marker = MarkWriter(folder / MARK, mark)
        try:
            if extent != mark.extent:  # the last life ended between its commit and its mark
                marker.write(extent)
            return ChangeWriter(path, marker, retention=retention, clock=clock)
        except BaseException:
            marker.close()
            raise
