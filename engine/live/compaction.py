"""The change log forgets what every generation holds, so that it does not grow for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from math import inf
from time import monotonic
from typing import Protocol

import structlog

from engine.errors import EngineError
from engine.types import FoldedChanges

_AT_A_TIME = 10_000
"""Changes forgotten before a build that waits for its turn gets it."""
_AGAIN_SECONDS, _RETRY_SECONDS = 600.0, 60.0
"""Until it is looked whether there is more to forget, since generations may have been removed; sooner when it
could not be looked.
"""

_log = structlog.get_logger()


class ForgettingLog(Protocol):
    """See `engine.backends.product_log`."""

    @property
    def writing(self) -> bool: ...

    def forget(self, generations: Sequence[FoldedChanges], most: int) -> int: ...


class Generations(Protocol):
    """See `engine.generation.DataFolder`."""

    def building(self) -> AbstractContextManager[None]: ...

    def folded(self) -> Sequence[FoldedChanges]: ...


class Compaction:
    """Works in a thread of its own, and only in the process that writes.

    What a generation that is there would need stays, be it active or not, so that each can be served, and
    rolled back to, with all changes. While a build runs nothing is forgotten: it may bring one that needs
    more.
    """

    def __init__(
        self, generations: Generations, log: ForgettingLog, clock: Callable[[], float] = monotonic
    ) -> None:
        self._generations, self._changes, self._clock = generations, log, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compaction")
        self._not_before = 0.0
        self._closing = False

    def after_swap(self) -> None:
        """To be told when another generation serves."""
        self._not_before = 0.0
        self.after_write()

    def after_write(self) -> None:
        """To be told of writes: the first one since a start, and then one now and then, sets it to work.
        Nobody waits for it.
        """
        if self._clock() >= self._not_before and self._changes.writing and not self._closing:
            self._not_before = inf
            self._thread.submit(self._run)

    def close(self) -> None:
        """Waits for what is forgotten just then."""
        self._closing = True
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        pause = _AGAIN_SECONDS
        try:
            if count := self._forget():
                _log.info("changes forgotten", count=count)
        except (EngineError, OSError) as error:
            pause = _RETRY_SECONDS
            _log.warning("changes not forgotten", error=str(error), retry_seconds=pause)
        finally:
            self._not_before = self._clock() + pause

    def _forget(self) -> int:
        count = 0
        while not self._closing:
            with self._generations.building():
                some = self._changes.forget(self._generations.folded(), _AT_A_TIME)
            count += some
            if some < _AT_A_TIME:
                break
        return count
