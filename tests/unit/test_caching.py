from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.caching import Cache, Lookup
from engine.deadline import Deadline
from engine.errors import CancelledError, DeadlineExceededError

WAIT = 10
FOREVER = Deadline.none()


class Slow:
    """Makes `value` (or raises it) once the gate is open; says when it began, and how often."""

    def __init__(self, value: int | Exception) -> None:
        self.value = value
        self.gate, self.began = threading.Event(), threading.Event()
        self.made = 0

    def __call__(self) -> int:
        self.made += 1
        self.began.set()
        assert self.gate.wait(WAIT)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@given(st.integers(1, 5), st.lists(st.integers(0, 8), max_size=60))
def test_the_values_used_last_are_kept(size: int, asked: list[int]) -> None:
    """Against the plainest least-recently-used list."""
    outcomes: list[Lookup] = []
    cache = Cache[int, int](size, on_lookup=outcomes.append)
    kept: OrderedDict[int, None] = OrderedDict()
    for key in asked:
        value, how = cache.get(key, lambda key=key: key * 10, FOREVER)  # type: ignore[misc]  # a lambda's default

        assert value == key * 10
        assert how is (Lookup.HIT if key in kept else Lookup.MISS)
        kept[key] = None
        kept.move_to_end(key)
        if len(kept) > size:
            kept.popitem(last=False)

    assert len(cache) == len(kept)
    assert len(outcomes) == len(asked)


def test_a_cache_of_size_0_keeps_nothing_and_tells_nobody() -> None:
    outcomes: list[Lookup] = []
    cache = Cache[str, int](0, on_lookup=outcomes.append)

    found = [cache.get("a", lambda value=value: value, FOREVER) for value in (1, 2)]  # type: ignore[misc]

    assert found == [(1, Lookup.MISS), (2, Lookup.MISS)]
    assert not outcomes


def test_what_is_not_worth_keeping_goes_to_its_caller_alone() -> None:
    cache = Cache[str, int](4, keep=lambda value: value > 0)

    assert cache.get("a", lambda: -1, FOREVER) == (-1, Lookup.MISS)
    assert cache.get("a", lambda: 2, FOREVER) == (2, Lookup.MISS)
    assert cache.get("a", lambda: 3, FOREVER) == (2, Lookup.HIT)


def test_those_who_ask_at_once_are_answered_by_one_computation() -> None:
    cache, slow = Cache[str, int](4), Slow(7)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(cache.get, "a", slow, FOREVER)
        assert slow.began.wait(WAIT)
        others = [threads.submit(cache.get, "a", slow, FOREVER) for _ in range(7)]
        slow.gate.set()

    assert first.result() == (7, Lookup.MISS)
    assert {other.result()[0] for other in others} == {7}
    assert slow.made == 1


def test_other_keys_do_not_wait() -> None:
    cache, slow = Cache[str, int](4), Slow(7)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(cache.get, "a", slow, FOREVER)
        assert slow.began.wait(WAIT)

        assert cache.get("b", lambda: 8, FOREVER) == (8, Lookup.MISS)

        slow.gate.set()
        assert first.result() == (7, Lookup.MISS)


def test_an_error_is_its_own_callers_and_the_next_one_tries_again() -> None:
    """The first may have been cancelled, or had no time: that says nothing of the others."""
    cache, slow = Cache[str, int](4), Slow(CancelledError("The caller cancelled the call."))
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.get, "a", slow, FOREVER)
        assert slow.began.wait(WAIT)
        second = threads.submit(cache.get, "a", lambda: 9, FOREVER)
        slow.gate.set()

        with pytest.raises(CancelledError):
            first.result()
        assert second.result() == (9, Lookup.MISS)
    assert cache.get("b", lambda: 1, FOREVER) == (1, Lookup.MISS)


def test_nobody_waits_for_another_longer_than_its_own_deadline() -> None:
    cache, slow = Cache[str, int](4), Slow(7)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(cache.get, "a", slow, FOREVER)
        assert slow.began.wait(WAIT)

        with pytest.raises(DeadlineExceededError):
            cache.get("a", slow, Deadline.after(0.01))

        slow.gate.set()
        assert first.result() == (7, Lookup.MISS)
    assert slow.made == 1
