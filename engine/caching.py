"""Keeps what was computed for those who ask the same again, and computes once for those who ask it at once.

A cache belongs to one opened generation and goes with it, so that nothing of another generation is ever
answered.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import StrEnum
from typing import Generic, TypeVar

from engine.deadline import Deadline

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lookup(StrEnum):
    """How a value was come by."""

    HIT = "hit"
    JOINED = "joined"
    """Another caller was computing it already."""
    MISS = "miss"


OnLookup = Callable[[Lookup], None]


class _Flight(Generic[Value]):
    """A value that is being computed; `values` holds it when it came to something worth keeping."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.values: tuple[Value, ...] = ()


class Cache(Generic[Key, Value]):
    """The `size` values used last; 0 keeps nothing and joins nobody. Safe to use from many threads at once.

    Values are handed out as they are: they must not be changed. `keep` says which are the same for everybody
    (default: all); the others go to their caller alone.
    """

    def __init__(
        self,
        size: int,
        *,
        keep: Callable[[Value], bool] = lambda _: True,
        on_lookup: OnLookup | None = None,
    ) -> None:
        self._size = size
        self._keep = keep
        self._on_lookup = on_lookup
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._flights: dict[Key, _Flight[Value]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key, make: Callable[[], Value], deadline: Deadline) -> tuple[Value, Lookup]:
        """The value of `key`, made by this caller unless it is kept or being made.

        Whoever waits for another does so no longer than its own deadline (DeadlineExceededError), and makes
        the value itself when the other failed. Raises what `make` raises.
        """
        if not self._size:
            return make(), Lookup.MISS
        value, how = self._get(key, make, deadline)
        if self._on_lookup is not None:
            self._on_lookup(how)
        return value, how

    def _get(self, key: Key, make: Callable[[], Value], deadline: Deadline) -> tuple[Value, Lookup]:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key], Lookup.HIT
            flight = self._flights.get(key)
            if flight is None:
                flight = self._flights[key] = _Flight()
                leads = True
            else:
                leads = False
        if leads:
            return self._lead(key, flight, make), Lookup.MISS
        flight.landed.wait(min(max(deadline.remaining(), 0), threading.TIMEOUT_MAX))
        deadline.check()
        return (flight.values[0], Lookup.JOINED) if flight.values else (make(), Lookup.MISS)

    def _lead(self, key: Key, flight: _Flight[Value], make: Callable[[], Value]) -> Value:
        try:
            value = make()
            if self._keep(value):
                flight.values = (value,)
            return value
        finally:
            with self._lock:
                del self._flights[key]
                if flight.values:
                    self._kept[key] = flight.values[0]
                    if len(self._kept) > self._size:
                        self._kept.popitem(last=False)
            flight.landed.set()
