"""How much each key has called, in memory that the processes of a server share."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from pathlib import Path
from types import TracebackType

from engine.errors import ConfigError
from engine.security.key_file import OWNER_ONLY

_SLOT = struct.Struct("=8sddqq")
SLOTS = 4_096
"""As many keys as a file may hold; were there more, the one that called longest ago would be forgotten."""
_EMPTY = bytes(8)


class Usage:
    """A slot for each key: calls left in its bucket, when that was so (Unix time), a day, calls of that day.

    Inside `with`, no other thread, and with a file no other process, reads or writes.
    """

    def __init__(self, path: Path | None = None, *, slots: int = SLOTS) -> None:
        """Without a file it ends with the process. Raises ConfigError for a file that is not one of ours."""
        self._size = slots * _SLOT.size
        self._lock = threading.Lock()
        self._places: dict[bytes, int] = {}
        self._file = None if path is None else _opened(path, self._size)
        self._memory = mmap.mmap(-1 if self._file is None else self._file, self._size)

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        self._lock.release()

    def read(self, key_id: str) -> tuple[float, float, int, int] | None:
        """None for a key that never called."""
        place = self._place(bytes.fromhex(key_id))
        owner, *slot = _SLOT.unpack_from(self._memory, place)
        return None if owner == _EMPTY else tuple(slot)

    def write(self, key_id: str, left: float, at: float, day: int, used: int) -> None:
        owner = bytes.fromhex(key_id)
        _SLOT.pack_into(self._memory, self._place(owner), owner, left, at, day, used)

    def close(self) -> None:
        self._memory.close()
        if self._file is not None:
            os.close(self._file)

    def _place(self, owner: bytes) -> int:
        place = self._places.get(owner)
        if place is None or self._memory[place : place + 8] != owner:
            place = self._places[owner] = self._find(owner)
        return place

    def _find(self, owner: bytes) -> int:
        """Its slot, else the first free one, else the one unused for longest, emptied."""
        slots: list[tuple[int, bytes, float, float]] = [
            (place, *_SLOT.unpack_from(self._memory, place)[:3]) for place in range(0, self._size, _SLOT.size)
        ]
        for wanted in (owner, _EMPTY):
            for place, found, *_ in slots:
                if found == wanted:
                    return place
        place = min(slots, key=lambda slot: slot[3])[0]
        _SLOT.pack_into(self._memory, place, _EMPTY, 0.0, 0.0, 0, 0)
        return place


def _opened(path: Path, wanted: int) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        size = os.fstat(file).st_size
        if not size:
            os.ftruncate(file, wanted)
        elif size != wanted:
            os.close(file)
    except OSError as error:
        raise ConfigError(f"The key usage file {path} cannot be opened: {error.strerror}.") from None
    if size not in (0, wanted):
        raise ConfigError(f"{path} is no key usage file of this version; name another file, or remove it.")
    return file
