"""The threads that answer calls, and how many calls they have."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import ParamSpec, TypeVar

from engine.trace import CostEstimate

_FIRST_GUESS = 0.01
"""Seconds of a call, until some were answered."""

P = ParamSpec("P")
T = TypeVar("T")


class CallPool(ThreadPoolExecutor):
    """Counts what it was given and has not finished.

    A call is counted from the moment it is handed in until its future is done, however it ends: a caller that
    goes away before its message arrived cannot leave the count too high.
    """

    def __init__(self, workers: int, name: str = "call") -> None:
        """`name` begins the names of its threads."""
        super().__init__(workers, thread_name_prefix=name)
        self._workers = workers
        self._idle = threading.Condition()
        self._inflight = 0
        self._call_cost = CostEstimate(_FIRST_GUESS)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with self._idle:
            self._inflight += 1
        try:
            future = super().submit(self._timed, fn, *args, **kwargs)
        except RuntimeError:  # shut down
            self._finished()
            raise
        future.add_done_callback(self._finished)
        return future

    def inflight(self) -> int:
        """Calls running and waiting."""
        return self._inflight

    def running(self) -> int:
        return min(self._inflight, self._workers)

    def waiting(self) -> int:
        return max(self._inflight - self._workers, 0)

    def backlog_seconds(self) -> float:
        """How long it will take to answer all that is in flight, judging by the last calls."""
        return self._inflight / self._workers * self._call_cost.seconds

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether every call was finished within `timeout` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._inflight == 0, timeout)

    def _timed(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        start = perf_counter()
        try:
            return fn(*args, **kwargs)
        finally:
            self._call_cost.observe(perf_counter() - start, 1)

    def _finished(self, _future: object = None) -> None:
        with self._idle:
            self._inflight -= 1
            if not self._inflight:
                self._idle.notify_all()
