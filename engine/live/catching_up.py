"""What other processes write to the change log is laid over the generation that serves here, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Event, Thread
from typing import Protocol

import structlog

from engine.change_feed import Followed
from engine.errors import EngineError
from engine.live.live_generation import LiveGeneration
from engine.written_changes import WrittenChange

LOOK_SECONDS = 0.025
"""Searches may be so much behind what another process acknowledged. A look takes 30 microseconds."""

_log = structlog.get_logger()


class WrittenLog(Followed, Protocol):
    """See `engine.backends.product_log`."""

    @property
    def acknowledged(self) -> int: ...

    def since(self, sequence: int) -> Iterator[WrittenChange]: ...


class CatchingUp:
    """Looks, in a thread of its own, what came to the log. What this process writes is there already."""

    def __init__(
        self,
        log: WrittenLog,
        using: Callable[[], AbstractContextManager[LiveGeneration]],
        *,
        every: float = LOOK_SECONDS,
    ) -> None:
        """`using` is that of `LiveWriter`."""
        self._changes, self._using, self._every = log, using, every
        self._stop = Event()
        self._thread = Thread(target=self._run, name="catching up", daemon=True)
        self._reached = 0
        self._trouble = ""

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Waits for the changes that are laid over just then."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self._look()
                self._trouble = ""
            except EngineError as error:
                if error.message != self._trouble:  # once, not forty times a second
                    _log.error("changes of other processes not taken", error=error.message)
                self._trouble = error.message

    def _look(self) -> None:
        """Of what it has seen it does not ask again: a generation is served with all that is in the log."""
        if (last := self._changes.acknowledged) <= self._reached:
            return
        with self._using() as live:
            if live.sequence < last:
                live.replay(self._changes.since(live.sequence))
                self._changes.feed.wake()
        self._reached = last
