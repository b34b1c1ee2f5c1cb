"""Processes that take turns at something."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from engine.errors import OverloadedError

_PATIENCE_SECONDS = 10.0
"""For a turn. It lasts milliseconds, but for the first one of a process, in which it reads all of the log."""
_PAUSE_SECONDS = 0.001


class FileTurn:
    """By a lock on a file, which is let go with the process, however that ends. Its threads have to take
    turns by themselves before. The file stays open: a turn needs no handle that may not be had.
    """

    def __init__(self, path: Path, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._path, self._patience = path, patience
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._depth = 0

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Whether it was taken now; a turn within a turn is the same one. Raises OverloadedError when another
        process does not end its own.
        """
        first = not self._depth
        if first:
            self._wait()
        self._depth += 1
        try:
            yield first
        finally:
            self._depth -= 1
            if first and self._descriptor >= 0:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """A turn that is under way ends."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _wait(self) -> None:
        end = monotonic() + self._patience
        while True:
            try:
                return fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if monotonic() > end:
                    raise OverloadedError(
                        f"Another process has had {self._path} for {self._patience:g} seconds; try again, "
                        "with the same request id. If it goes on, end the process that hangs.",
                        file=self._path,
                    ) from None
            sleep(_PAUSE_SECONDS)
