"""Joins concurrent calls into one batch for a model that one thread at a time may use.

There is no worker thread and no timer. A caller that finds the model idle runs it at once, for itself: a lone
call pays two uncontended locks. Calls that arrive meanwhile wait; when the model is free again, the one
that waited longest takes them along in its batch. So batches grow with load, and never wait to grow.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

from engine.deadline import Deadline
from engine.errors import DeadlineExceededError, NotServingError, OverloadedError

Item = TypeVar("Item")
Result = TypeVar("Result")


class _State(Enum):
    WAITING = auto()
    LEADS = auto()
    """The model is this call's to run; it is still first in the queue until it does."""
    TAKEN = auto()
    DONE = auto()


@dataclass(slots=True, eq=False)
class _Call(Generic[Item, Result]):
    items: Sequence[Item]
    deadline: Deadline
    state: _State = _State.WAITING
    results: list[Result] | None = None
    error: BaseException | None = None
    woken: threading.Event = field(default_factory=threading.Event)

    def finish(self, results: list[Result] | None, error: BaseException | None) -> None:
        self.results, self.error, self.state = results, error, _State.DONE
        self.woken.set()


def _finish_all(calls: Sequence[_Call[Item, Result]], error: Exception) -> None:
    for call in calls:
        call.finish(None, error)


class Batcher(Generic[Item, Result]):
    """`run` gives one result for each item, in order; it is never called by two threads at once.

    `max_batch` items go into one batch, except that a single larger call is one batch of its own.
    At most `max_waiting` items wait; a call that would exceed that is refused at once. `on_batch` is told
    the size and the seconds of every batch that the model answered.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        max_batch: int,
        max_waiting: int,
        on_batch: Callable[[int, float], None] | None = None,
    ) -> None:
        self._run = run
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._on_batch = on_batch
        self._idle = threading.Condition()
        self._queue: deque[_Call[Item, Result]] = deque()
        self._waiting = 0
        self._busy = False
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items that no batch has taken yet."""
        return self._waiting

    def submit(self, items: Sequence[Item], deadline: Deadline | None = None) -> list[Result]:
        """Results in the order of `items`.

        Raises OverloadedError when too many wait, DeadlineExceededError or CancelledError for a caller that
        is gone (the model does not see its items, unless they were in a batch already), NotServingError
        after `close`, and whatever `run` raised for the batch that the items were in.
        """
        if not items:
            return []
        call = _Call[Item, Result](items, deadline or Deadline.none())
        call.deadline.check()
        self._enter(call)
        if call.state is _State.WAITING:
            self._wait(call)
        if call.state is _State.LEADS:
            self._lead()
        error, call.error = call.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # else this frame and the error would hold each other, and all that was in use
        if call.results is None:
            raise RuntimeError("The batcher lost a call.")
        return call.results

    def close(self, timeout: float | None = None) -> None:
        """Refuse new calls and wait, at most `timeout` seconds, until those that wait are answered."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: not self._busy, timeout)

    def _enter(self, call: _Call[Item, Result]) -> None:
        with self._idle:
            if self._closed:
                raise NotServingError("The model is being closed; ask again in a moment.")
            if not self._busy:
                self._busy = True
                call.state = _State.LEADS
            elif self._waiting + len(call.items) > self._max_waiting:
                raise OverloadedError(
                    f"The model has {self._waiting} items waiting and takes {self._max_waiting} at "
                    "most; try again later.",
                    max_waiting=self._max_waiting,
                )
            self._queue.append(call)
            self._waiting += len(call.items)

    def _wait(self, call: _Call[Item, Result]) -> None:
        """Until the call is done or leads. One whose time is up leaves the queue, or the batch it is in."""
        remaining = call.deadline.remaining()
        if call.woken.wait(min(remaining, threading.TIMEOUT_MAX) if remaining > 0 else 0):
            return
        with self._idle:
            if call.state in (_State.DONE, _State.LEADS):
                return
            if call.state is _State.WAITING:
                self._queue.remove(call)
                self._waiting -= len(call.items)
        raise DeadlineExceededError("The deadline passed before the model was free; allow more time.")

    def _lead(self) -> None:
        batch: list[_Call[Item, Result]] = []
        try:
            self._take(batch)
            self._answer(batch)
        finally:
            self._hand_over()
            for call in batch:
                if call.state is not _State.DONE:  # KeyboardInterrupt and the like
                    call.finish(None, NotServingError("The model was stopped while it answered."))
            batch.clear()  # an error that nobody waits for any more has it in its frames

    def _take(self, batch: list[_Call[Item, Result]]) -> None:
        """Move the next calls into the batch, the longest-waiting first; a caller that is gone is left out.

        A deadline may run code of the transport to learn whether its caller is gone, so it is asked outside
        the lock.
        """
        size = 0
        while True:
            with self._idle:
                if not self._queue or (batch and size + len(self._queue[0].items) > self._max_batch):
                    return
                call = self._queue.popleft()
                self._waiting -= len(call.items)
                call.state = _State.TAKEN
                batch.append(call)
            try:
                call.deadline.check()
            except Exception as error:
                batch.pop()
                call.finish(None, error)
            else:
                size += len(call.items)

    def _answer(self, batch: Sequence[_Call[Item, Result]]) -> None:
        items = [item for call in batch for item in call.items]
        if not items:
            return
        try:
            start = time.perf_counter()
            results = self._results(items)
            seconds = time.perf_counter() - start
            if self._on_batch is not None:
                self._on_batch(len(items), seconds)
        except Exception as error:
            _finish_all(batch, error)
            return
        start_at = 0
        for call in batch:
            call.finish(results[start_at : start_at + len(call.items)], None)
            start_at += len(call.items)

    def _results(self, items: Sequence[Item]) -> list[Result]:
        results = list(self._run(items))
        if len(results) != len(items):
            raise RuntimeError(f"The model gave {len(results)} results for {len(items)} items.")
        return results

    def _hand_over(self) -> None:
        with self._idle:
            if self._queue:
                self._queue[0].state = _State.LEADS
                self._queue[0].woken.set()
            else:
                self._busy = False
                self._idle.notify_all()
