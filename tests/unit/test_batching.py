"""Calls that meet at one model. Threads are held by events, not by sleeping."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.batching import Batcher
from engine.deadline import Deadline
from engine.errors import CancelledError, DeadlineExceededError, NotServingError, OverloadedError
from tests.unit.held_model import SOON, Counter, Doubler, wait_until


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def test_a_lone_call_runs_the_model_in_its_own_thread() -> None:
    threads: list[int] = []

    def model(items: Sequence[int]) -> Sequence[int]:
        threads.append(threading.get_ident())
        return items

    assert Batcher[int, int](model, max_batch=8, max_waiting=8).submit([1, 2]) == [1, 2]
    assert threads == [threading.get_ident()]


def test_no_items_need_no_model() -> None:
    model = Doubler()

    assert Batcher[int, int](model, max_batch=8, max_waiting=8).submit([]) == []
    assert model.batches == []


def test_calls_that_arrive_while_the_model_is_busy_become_one_batch(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool)
    with counter.busy_with(1) as first:
        waiting = [counter.call(2), counter.call(3, 4), counter.call(5)]

    assert [future.result(SOON) for future in [first, *waiting]] == [[2], [4], [6, 8], [10]]
    assert counter.model.batches == [[1], [2, 3, 4, 5]]


def test_a_batch_holds_whole_calls_up_to_its_size(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool, max_batch=3)
    with counter.busy_with(0):
        waiting = [counter.call(1, 2), counter.call(3, 4), counter.call(5), counter.call(6, 7, 8, 9)]

    assert [future.result(SOON) for future in waiting] == [[2, 4], [6, 8], [10], [12, 14, 16, 18]]
    # [1, 2] and [3, 4] would be 4 items; four items in one call are more than 3, and go alone.
    assert counter.model.batches == [[0], [1, 2], [3, 4, 5], [6, 7, 8, 9]]


def test_a_call_that_would_wait_behind_too_many_is_refused_at_once(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool, max_waiting=3)
    with counter.busy_with(0):
        waiting = counter.call(1, 2)
        with pytest.raises(OverloadedError, match="2 items waiting and takes 3"):
            counter.batcher.submit([3, 4])
        fits = counter.call(5)

    assert waiting.result(SOON) == [2, 4]
    assert fits.result(SOON) == [10]


def test_a_call_larger_than_the_queue_is_taken_when_the_model_is_idle() -> None:
    batcher = Batcher[int, int](Doubler(), max_batch=2, max_waiting=2)

    assert batcher.submit([1, 2, 3]) == [2, 4, 6]


def test_a_call_whose_time_is_up_is_never_started() -> None:
    model = Doubler()
    batcher = Batcher[int, int](model, max_batch=8, max_waiting=8)

    with pytest.raises(DeadlineExceededError):
        batcher.submit([1], Deadline.after(0))
    assert model.batches == []


def test_a_call_whose_time_runs_out_leaves_the_queue_while_the_model_is_busy(
    pool: ThreadPoolExecutor,
) -> None:
    counter = Counter(pool)
    with counter.busy_with(0):
        late = counter.call(1, deadline=Deadline.after(0.05))
        patient = counter.call(2)
        with pytest.raises(DeadlineExceededError):
            late.result(SOON)
        assert counter.batcher.waiting == 1

    assert patient.result(SOON) == [4]
    assert counter.model.batches == [[0], [2]]


def test_a_caller_does_not_wait_past_its_deadline_for_a_batch_that_runs(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool)
    held = threading.Event()
    with counter.busy_with(0):
        leader = counter.call(1)
        follower = counter.call(2, deadline=Deadline.after(0.5))
        counter.model.started.clear()
        first_batch_done = counter.model.go_on
        counter.model.go_on = held
        first_batch_done.set()
        assert counter.model.started.wait(SOON)
        with pytest.raises(DeadlineExceededError):
            follower.result(SOON)
        held.set()

    assert leader.result(SOON) == [2]
    assert counter.model.batches == [[0], [1, 2]]


def test_a_cancelled_call_is_removed_before_the_model_sees_it(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool)
    gone = threading.Event()
    with counter.busy_with(0):
        first = counter.call(1, deadline=Deadline(cancelled=gone.is_set))
        behind = [counter.call(2), counter.call(3)]
        gone.set()

    with pytest.raises(CancelledError):
        first.result(SOON)
    assert [future.result(SOON) for future in behind] == [[4], [6]]
    assert counter.model.batches == [[0], [2, 3]]


def test_a_deadline_that_cannot_tell_fails_its_own_call_only(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool)
    lost = threading.Event()

    def cancelled() -> bool:
        if lost.is_set():
            raise OSError("no connection")
        return False

    with counter.busy_with(0):
        broken = counter.call(1, deadline=Deadline(cancelled=cancelled))
        behind = counter.call(2)
        lost.set()

    with pytest.raises(OSError, match="no connection"):
        broken.result(SOON)
    assert behind.result(SOON) == [4]


def test_an_error_of_the_model_reaches_every_call_of_its_batch_and_no_other(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool)
    with counter.busy_with(0) as before:
        together = [counter.call(1), counter.call(-1)]

    for future in together:
        with pytest.raises(ValueError, match="negative"):
            future.result(SOON)
    assert before.result(SOON) == [0]
    assert counter.batcher.submit([5]) == [10]


def test_a_model_that_loses_results_is_an_error() -> None:
    batcher = Batcher[int, int](lambda items: items[1:], max_batch=8, max_waiting=8)

    with pytest.raises(RuntimeError, match="2 results for 3 items"):
        batcher.submit([1, 2, 3])


def test_a_model_that_is_interrupted_leaves_no_call_waiting(pool: ThreadPoolExecutor) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def interrupted(items: Sequence[int]) -> Sequence[int]:
        if 1 in items:
            entered.set()
            assert go_on.wait(SOON)
        if 2 in items:
            raise KeyboardInterrupt
        return items

    batcher = Batcher[int, int](interrupted, max_batch=8, max_waiting=8)
    first = pool.submit(batcher.submit, [1])
    assert entered.wait(SOON)
    futures = []
    for count, item in enumerate([2, 3], start=1):
        futures.append(pool.submit(batcher.submit, [item]))
        wait_until(lambda count=count: batcher.waiting == count)  # type: ignore[misc]  # mypy cannot infer it
    go_on.set()

    assert first.result(SOON) == [1]
    assert isinstance(futures[0].exception(SOON), KeyboardInterrupt)
    assert isinstance(futures[1].exception(SOON), NotServingError)
    assert batcher.submit([4]) == [4]


def test_closing_answers_those_who_wait_and_refuses_those_who_come(pool: ThreadPoolExecutor) -> None:
    counter = Counter(pool)
    with counter.busy_with(0) as running:
        waiting = counter.call(1)
        closing = pool.submit(counter.batcher.close)
        wait_until(lambda: refuses(counter.batcher))
        assert not closing.done()

    closing.result(SOON)
    assert running.done()
    assert waiting.result(SOON) == [2]


def refuses(batcher: Batcher[int, int]) -> bool:
    try:
        batcher.submit([9], Deadline.after(0.001))
    except NotServingError:
        return True
    except DeadlineExceededError:
        return False
    return False


def test_sizes_and_seconds_of_batches_are_reported(pool: ThreadPoolExecutor) -> None:
    seen: list[tuple[int, float]] = []
    batcher = Batcher[int, int](
        Doubler(), max_batch=8, max_waiting=8, on_batch=lambda size, seconds: seen.append((size, seconds))
    )
    batcher.submit([1, 2, 3])
    batcher.submit([4])

    assert [size for size, _ in seen] == [3, 1]
    assert all(0 <= seconds < SOON for _, seconds in seen)


def test_under_load_every_caller_gets_its_own_answers(pool: ThreadPoolExecutor) -> None:
    model = Doubler()
    batcher = Batcher[int, int](model, max_batch=7, max_waiting=1000)

    def caller(number: int) -> bool:
        calls = [list(range(number * 1000 + i, number * 1000 + i + i % 5 + 1)) for i in range(60)]
        return all(batcher.submit(items) == [2 * item for item in items] for items in calls)

    assert all(pool.map(caller, range(16)))
    # Each caller sends 60 calls of 1, 2, 3, 4, 5, 1, ... items: 12 * (1 + 2 + 3 + 4 + 5) = 180.
    assert sum(len(batch) for batch in model.batches) == 16 * 180
    assert max(len(batch) for batch in model.batches) <= 7
    assert batcher.waiting == 0


class Used:
    """Something dear that a caller has at hand."""


def test_an_error_holds_nothing_of_those_it_was_raised_for_once_they_have_it() -> None:
    """No collector is needed: a generation that was swapped out would be there until it ran."""

    def fails(_items: Sequence[int]) -> Sequence[int]:
        raise ValueError("no model")

    batcher = Batcher[int, int](fails, max_batch=8, max_waiting=8)
    left: list[weakref.ref[Used]] = []

    def ask() -> None:
        used = Used()
        left.append(weakref.ref(used))
        batcher.submit([1])

    def told() -> bool:
        try:
            ask()
        except ValueError:
            return True
        return False

    gc.disable()
    try:
        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(lambda _: told(), range(50)))
        assert [each() for each in left] == [None] * 50
    finally:
        gc.enable()
