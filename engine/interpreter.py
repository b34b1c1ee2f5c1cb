"""How Python runs the threads of a server and collects its garbage."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_SECONDS = 0.0005


def take_short_turns() -> None:
    """A thread that has work for long, as one that loads a generation or takes changes, lets another go on
    after half a millisecond instead of five: a search asks for its turn dozens of times.
    """
    sys.setswitchinterval(_TURN_SECONDS)


@contextmanager
def loading() -> Iterator[None]:
    """While much comes that will stay: nothing is collected meanwhile, and what is there at the end is not
    looked at any more. A collection among a million objects takes .2 s, in which no thread answers anything.

    What of it refers to itself in a circle is never freed; all else goes with its last reference.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()
