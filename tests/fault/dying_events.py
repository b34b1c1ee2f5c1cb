"""Lives of a process that records and forgets, and is killed in the middle of it.

    python -m tests.fault.dying_events FOLDER

For every line on stdin it forks a process that goes on where the last one ended until it is killed, and tells
on stdout its `pid`, `recorded N` once all events up to number N are acknowledged, `forgotten S` once shopper
number S is, and `ended`. Twenty events one after the other are of one shopper, who is forgotten when they are
recorded, but for every third.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.backends.event_store import EventStore
from tests.event_samples import KEY, NOON, kept

OF_A_SHOPPER, AT_A_TIME = 20, 4


def live(folder: Path, recorded: int) -> None:
    store = EventStore(folder)
    while True:
        shopper = recorded // OF_A_SHOPPER
        numbers = range(recorded + 1, recorded + 1 + AT_A_TIME)
        store.record([kept(number, f"s{shopper}", query=f"wish of s{shopper};") for number in numbers])
        recorded += AT_A_TIME
        tell(f"recorded {recorded}")
        if recorded % OF_A_SHOPPER == 0 and shopper % 3:
            store.forget(KEY.shopper(f"s{shopper}"), NOON)
            tell(f"forgotten {shopper}")


def tell(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def main() -> None:
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            tell(f"pid {os.getpid()}")
            try:
                live(folder, int(line))
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        tell("ended 0")


if __name__ == "__main__":
    main()
