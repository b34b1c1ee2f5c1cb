"""How a server's process runs its threads and keeps its memory."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_SECONDS = 0.0005
_LATER_SECONDS = 60.0
_HEAPS = 2
_M_ARENA_MAX = -8
"""By that number glibc knows the setting (malloc.h)."""


def prepare_to_serve() -> None:
    """To be called before threads are started."""
    take_short_turns()
    share_heaps()


def take_short_turns() -> None:
    """A thread that has work for long, as one that loads a generation or takes changes, lets another go on
    after half a millisecond instead of five: a search asks for its turn dozens of times.
    """
    sys.setswitchinterval(_TURN_SECONDS)


def share_heaps() -> None:
    """Two for all threads. By itself glibc gives each a heap of its own, up to eight a core, and each keeps
    what was freed in it. Live changes are indexed and merged by ever other threads: 5,800 of them took 270
    MB, and take 80 MB with two heaps, as fast. Other C libraries have no such setting; who sets
    MALLOC_ARENA_MAX knows better.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, _HEAPS)


class LaterCollection:
    """Of all garbage, what `loading` has put aside too: for .2 s no thread answers anything. Calls may have
    left a circle during a swap that still holds the generation before it.
    """

    def __init__(self, seconds: float = _LATER_SECONDS) -> None:
        self._seconds = seconds
        self._waiting: threading.Timer | None = None

    def ask(self) -> None:
        """For one, so many seconds after it was asked for last."""
        self.cancel()
        self._waiting = threading.Timer(self._seconds, self._collect)
        self._waiting.daemon = True
        self._waiting.start()

    def cancel(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    @staticmethod
    def _collect() -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()


@contextmanager
def loading() -> Iterator[None]:
    """While much comes that will stay: nothing is collected meanwhile, and what is there at the end is not
    looked at any more. A collection among a million objects takes .2 s, in which no thread answers anything.

    What refers to itself in a circle by then is for a `LaterCollection`; all else goes with its last
    reference.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()
