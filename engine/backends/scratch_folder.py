"""A folder for files that are worth nothing after the process: what a killed process left is swept away."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from filelock import FileLock


class ScratchFolder:
    """`path` is this process's alone until `close`. A lock beside it, held as long, tells it from leftovers:
    the system lets go of it however the process ends.
    """

    def __init__(self, prefix: str, parent: Path | None = None) -> None:
        """`parent` is the system's folder for temporary files if None. Raises OSError if nothing can be
        written there.
        """
        within = parent or Path(tempfile.gettempdir())
        _sweep(within, prefix)
        self.path: Final = within / f"{prefix}{uuid4().hex}"
        self._lock = _lock_of(self.path)
        self._lock.acquire()  # first, so that a folder without a held lock is a leftover
        try:
            self.path.mkdir(mode=0o700)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Remove it. Safe to call twice."""
        _remove(self.path, self._lock)


def _sweep(parent: Path, prefix: str) -> None:
    for path in parent.glob(f"{prefix}*"):
        if path.is_dir():
            lock = _lock_of(path)
            with suppress(OSError):  # held by a process that lives, or another user's
                lock.acquire(timeout=0)
                _remove(path, lock)


def _remove(path: Path, lock: FileLock) -> None:
    shutil.rmtree(path, ignore_errors=True)
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _lock_of(path: Path) -> FileLock:
    return FileLock(path.with_suffix(".lock"), thread_local=False)  # closed by whichever thread comes last
