"""How far the change log was acknowledged, kept outside SQLite.

SQLite takes a damaged write-ahead log for one that was torn by a power cut: it drops what follows the damage
and says nothing, acknowledged or not. So every commit is written down here as well, after SQLite has flushed
it and before anybody is told of it. A log that holds less than its mark has lost something.

The file has two slots in pages of their own, which are written by turns and hold a checksum each: a write
that was torn leaves the mark before it. The size never changes, so that a full disk cannot refuse one.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from engine.backends.storage_failure import storage_failures
from engine.errors import DamagedChangeLogError, StorageError
from engine.files import write_atomically

ID_BYTES = 16
_PAGE = 4096
_SLOTS = 2
_FORM = struct.Struct("<8s16s16sQQQQQ")
_MAGIC = b"cgmark 1"
_SUM_BYTES = 16


@dataclass(frozen=True, slots=True)
class Extent:
    """Which changes and requests a log holds: those after `compacted` up to `sequence`, and those after
    `forgotten` up to `request`.
    """

    sequence: int = 0
    compacted: int = 0
    request: int = 0
    forgotten: int = 0

    def reaches(self, other: Extent) -> bool:
        """Whether this is the other, or what may have become of it."""
        return (
            self.sequence >= other.sequence
            and self.compacted >= other.compacted
            and self.request >= other.request
            and self.forgotten >= other.forgotten
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """`log_id` is the database's own. `lineage` is drawn anew for a backup, because a log that goes on from
    there uses numbers again that the original may have given to other changes. `turn` counts the writes.
    """

    log_id: bytes
    lineage: bytes
    extent: Extent
    turn: int = 0

    def to_bytes(self) -> bytes:
        extent = self.extent
        content = _FORM.pack(
            _MAGIC,
            self.log_id,
            self.lineage,
            self.turn,
            extent.sequence,
            extent.compacted,
            extent.request,
            extent.forgotten,
        )
        return content + blake2b(content, digest_size=_SUM_BYTES).digest()

    @classmethod
    def from_bytes(cls, content: bytes) -> Mark | None:
        """None when it is not what was written."""
        body, checksum = content[: _FORM.size], content[_FORM.size :]
        if blake2b(body, digest_size=_SUM_BYTES).digest() != checksum:
            return None
        magic, log_id, lineage, turn, *extent = _FORM.unpack(body)
        return cls(log_id, lineage, Extent(*extent), turn) if magic == _MAGIC else None


def create_mark(path: Path, mark: Mark) -> None:
    """Both slots, by one rename."""
    slot = mark.to_bytes().ljust(_PAGE, b"\0")
    with storage_failures(path):
        write_atomically(path, slot * _SLOTS)


def read_mark(path: Path) -> Mark:
    """The newest whole slot. DamagedChangeLogError when the file is missing, cut, or has none."""
    try:
        with storage_failures(path):
            content = path.read_bytes()
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise DamagedChangeLogError(path, "is missing") from None
        raise
    if len(content) != _SLOTS * _PAGE:
        raise DamagedChangeLogError(path, f"has {len(content)} bytes instead of {_SLOTS * _PAGE}")
    newest = _newest(content)
    if newest is None:
        raise DamagedChangeLogError(path, "does not match its checksums")
    return newest


def _newest(content: bytes) -> Mark | None:
    size = _FORM.size + _SUM_BYTES
    slots = [Mark.from_bytes(content[start : start + size]) for start in range(0, len(content), _PAGE)]
    return max((mark for mark in slots if mark is not None), key=lambda mark: mark.turn, default=None)


class MarkWriter:
    """For those who write by turns, in this process and in others. `flush` makes what was written to a
    descriptor durable.
    """

    def __init__(self, path: Path, mark: Mark, flush: Callable[[int], None] = os.fsync) -> None:
        self._path, self._flush = path, flush
        self._mark = mark
        self._unflushed = False
        with storage_failures(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    @property
    def mark(self) -> Mark:
        """The last one that was made durable, by whichever process. Safe to ask for from any thread."""
        if self._descriptor >= 0:
            with storage_failures(self._path):
                found = _newest(os.pread(self._descriptor, _SLOTS * _PAGE, 0))
            # What this process writes just then, or failed to flush, is not believed before it is flushed.
            if found is not None and found.turn > self._mark.turn + self._unflushed:
                self._mark = found
        return self._mark

    def write(self, extent: Extent) -> None:
        """Durable when this returns. When it raises, the mark before it still stands."""
        before = self.mark
        mark = Mark(before.log_id, before.lineage, extent, before.turn + 1)
        self._unflushed = True
        with storage_failures(self._path):
            os.pwrite(self._descriptor, mark.to_bytes(), mark.turn % _SLOTS * _PAGE)
            self._flush(self._descriptor)
        self._mark, self._unflushed = mark, False

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)
