"""A model behind a batcher that a test can hold in the middle of a batch, by events and not by sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from engine.batching import Batcher
from engine.deadline import Deadline

SOON = 10.0
"""Seconds after which a test that hangs fails."""


class Doubler:
    """Doubles numbers; remembers its batches; can be held in the middle of one."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self._alone = threading.Lock()

    def __call__(self, items: Sequence[int]) -> list[int]:
        assert self._alone.acquire(blocking=False), "two threads ran the model at once"
        try:
            self.batches.append(list(items))
            self.started.set()
            assert self.go_on.wait(SOON)
            if any(item < 0 for item in items):
                raise ValueError("negative")
            return [2 * item for item in items]
        finally:
            self._alone.release()


class Counter:
    """A batcher with calls in threads, one of which can be held inside the model."""

    def __init__(self, pool: ThreadPoolExecutor, *, max_batch: int = 8, max_waiting: int = 100) -> None:
        self.model = Doubler()
        self.pool = pool
        self.batcher = Batcher[int, int](self.model, max_batch=max_batch, max_waiting=max_waiting)

    def call(self, *items: int, deadline: Deadline | None = None) -> Future[list[int]]:
        """Starts a call and returns when it waits."""
        before = self.batcher.waiting
        future = self.pool.submit(self.batcher.submit, items, deadline)
        wait_until(lambda: self.batcher.waiting == before + len(items) or future.done())
        return future

    @contextmanager
    def busy_with(self, *items: int) -> Iterator[Future[list[int]]]:
        """Inside, the model is held in the middle of this call's batch."""
        self.model.go_on.clear()
        self.model.started.clear()
        future = self.pool.submit(self.batcher.submit, items)
        assert self.model.started.wait(SOON)
        try:
            yield future
        finally:
            self.model.go_on.set()


def wait_until(condition: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(int(SOON * 1000)):
        if condition():
            return
        tick.wait(0.001)
    pytest.fail("it did not happen")
