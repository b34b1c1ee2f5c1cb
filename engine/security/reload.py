"""Files that may be replaced while the server runs: keys, certificates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog

from engine.errors import ConfigError

POLL_SECONDS = 0.5
"""A change is in force after two of them: files that are still being replaced are not read."""

T = TypeVar("T")
_Stamps = tuple[tuple[int, int, int] | None, ...]

_log = structlog.get_logger()


class Reloaded(Generic[T]):
    """What was last read from files whole and without error; `value` may be taken by any thread at any time.

    When they change to something that cannot be used, the old value stays and the log says why.
    """

    def __init__(self, paths: Sequence[Path], load: Callable[[], T]) -> None:
        """Loads at once. Raises what `load` raises."""
        self.paths, self._load = tuple(paths), load
        self._read = self._seen = self._stamps()
        self.value = load()

    def refresh(self) -> None:
        """Load again when the files changed and have been at rest since the last call."""
        stamps = self._stamps()
        at_rest, self._seen = stamps == self._seen, stamps
        if not at_rest or stamps == self._read:
            return
        self._read = stamps
        try:
            self.value = self._load()
        except ConfigError as error:
            _log.error("file not reloaded", files=[str(path) for path in self.paths], error=error.message)
        except Exception:
            # Whatever a file holds, the thread that would read the next one must live on.
            _log.exception("file not reloaded", files=[str(path) for path in self.paths])
        else:
            _log.info("file reloaded", files=[str(path) for path in self.paths])

    def _stamps(self) -> _Stamps:
        return tuple(_stamp(path) for path in self.paths)


class Reloader(threading.Thread):
    """Looks every `POLL_SECONDS` whether files changed, until it is closed."""

    def __init__(self, watched: Sequence[Reloaded[Any]]) -> None:
        super().__init__(name="reload", daemon=True)
        self._watched, self._closed = watched, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            for files in self._watched:
                files.refresh()

    def close(self) -> None:
        self._closed.set()
        self.join()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file is replaced or written; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
