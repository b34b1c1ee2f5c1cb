from __future__ import annotations

import threading
import time

import pytest

from engine.rpc.call_pool import CallPool

WAIT = 10.0


def test_calls_running_and_waiting_are_counted_until_they_are_done() -> None:
    pool, release = CallPool(2), threading.Event()
    futures = [pool.submit(release.wait, WAIT) for _ in range(5)]

    assert (pool.inflight(), pool.running(), pool.waiting()) == (5, 2, 3)
    assert not pool.wait_until_idle(0.01)

    release.set()
    assert pool.wait_until_idle(WAIT)
    assert all(future.result() for future in futures)
    assert (pool.inflight(), pool.running(), pool.waiting()) == (0, 0, 0)
    pool.shutdown()


def test_a_call_that_raises_or_is_cancelled_counts_no_longer() -> None:
    pool, release = CallPool(1), threading.Event()
    blocking = pool.submit(release.wait, WAIT)
    failing = pool.submit(int, "x")
    cancelled = pool.submit(int, "1")

    assert cancelled.cancel()
    assert pool.inflight() == 2
    release.set()
    assert pool.wait_until_idle(WAIT)
    assert blocking.result()
    assert isinstance(failing.exception(), ValueError)
    pool.shutdown()


def test_what_a_closed_pool_refuses_is_not_counted() -> None:
    pool = CallPool(1)
    pool.shutdown()

    with pytest.raises(RuntimeError):
        pool.submit(int, "1")

    assert pool.inflight() == 0


def test_the_backlog_is_judged_by_the_last_calls() -> None:
    pool, release = CallPool(2), threading.Event()
    for _ in range(30):
        pool.submit(time.sleep, 0.02).result()
    assert pool.wait_until_idle(WAIT)
    assert pool.backlog_seconds() == 0

    futures = [pool.submit(release.wait, WAIT) for _ in range(6)]
    backlog = pool.backlog_seconds()  # six calls of .02 s each, or of a little more, by two workers
    release.set()

    assert 0.058 <= backlog < 1
    assert all(future.result() for future in futures)
    pool.shutdown()
