"""Follows the change log for callers, and knows how far each of them is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from math import inf, nan
from time import monotonic

from engine.change_feed import ChangePage, LogPosition
from engine.deadline import Deadline
from engine.errors import EngineError, NotServingError
from engine.rpc.engine_api import SearchEngine

HEARTBEAT_SECONDS = 15.0
"""Without a change for so long, an empty page is sent: a dead connection is noticed by who writes to it."""
LOOK_SECONDS = 0.25
"""So often a follower that waits looks what another process has committed."""


class Following:
    """Safe to share between threads."""

    def __init__(
        self,
        engine: Callable[[], SearchEngine],
        refusal: Callable[[], EngineError | None],
        *,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        """`engine` raises NotServingError while there is none; `refusal` says why no follower may go on."""
        self._engine, self._refusal = engine, refusal
        self._heartbeat = heartbeat
        self._reached: dict[object, int] = {}

    def pages(self, start: LogPosition, deadline: Deadline) -> Generator[ChangePage, None, None]:
        """What comes after `start`, and whatever comes later: the first page at once, be it empty. The next
        is read when it is asked for. Ends by what is raised: when the caller goes, the server drains, or the
        log cannot be followed from there.
        """
        follower, position, told = object(), start, -inf
        self._reached[follower] = position.sequence
        try:
            while True:
                deadline.check()
                refusal = self._refusal()
                if refusal is not None:
                    raise refusal
                page = self._engine().feed.page(position, LOOK_SECONDS if told > -inf else 0.0)
                if page.changes or monotonic() - told >= self._heartbeat:
                    yield page
                    told, position = monotonic(), page.end(position)
                    self._reached[follower] = position.sequence
        finally:
            del self._reached[follower]

    def wake(self) -> None:
        """All followers look at once whether they may go on."""
        with suppress(NotServingError):
            self._engine().feed.wake()

    def count(self) -> int:
        return len(self._reached)

    def behind(self) -> float:
        """Changes that the slowest follower has not been sent; 0 without any, NaN while nobody can tell."""
        reached = min(self._reached.copy().values(), default=None)
        if reached is None:
            return 0.0
        try:
            return self._engine().feed.page(LogPosition("", reached), 0.0).last_sequence - reached
        except EngineError:
            return nan
