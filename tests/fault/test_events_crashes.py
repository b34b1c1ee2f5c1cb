"""A process that is killed while it records and forgets: what it acknowledged is so, and nothing comes back.

A few kills at moments of chance; CARTOGRAPH_KILLS says how many instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from signal import SIGKILL

import numpy as np

from engine.backends.event_store import EventStore
from tests.event_samples import KEY, NOON, events_in, kept
from tests.fault.dying_events import AT_A_TIME, OF_A_SHOPPER

KILLS = int(os.environ.get("CARTOGRAPH_KILLS", "10"))
LONGEST_SECONDS = 0.1


def test_nothing_acknowledged_is_lost_and_nobody_forgotten_comes_back(tmp_path: Path) -> None:
    folder, chance = tmp_path / "live", np.random.default_rng(3)
    with closing(EventStore(folder)) as store:
        store.admit(KEY.check)
    recorded, forgotten = 0, set[int]()
    command = [sys.executable, "-m", "tests.fault.dying_events", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(KILLS):
            again = (
                max(0, recorded - 1) // OF_A_SHOPPER * OF_A_SHOPPER
            )  # as a client does that heard no answer
            process.stdin.write(f"{again}\n")
            process.stdin.flush()
            for line in process.stdout:
                kind, number = line.split()
                if kind == "pid":
                    time.sleep(chance.uniform(0.005, LONGEST_SECONDS))
                    os.kill(int(number), SIGKILL)
                elif kind == "recorded":
                    recorded = max(recorded, int(number))
                elif kind == "forgotten":
                    forgotten.add(int(number))
                else:
                    break
            examine(folder, recorded, forgotten)
        process.stdin.close()
    assert recorded > KILLS
    assert forgotten


def examine(folder: Path, recorded: int, forgotten: set[int]) -> None:
    there = {event.id: event for event in events_in(folder).values()}
    numbers = range(1, recorded + AT_A_TIME + 1)
    by_number = {number: there.pop(KEY.short("event", f"e{number}"), None) for number in numbers}
    assert there == {}
    for number, event in by_number.items():
        shopper = (number - 1) // OF_A_SHOPPER
        if shopper in forgotten:
            assert event is None
        elif event is not None:
            assert event == kept(number, f"s{shopper}", time=NOON, query=f"wish of s{shopper};")
        elif number <= recorded:  # the last forgetting may be done, though nobody was told
            assert shopper == (recorded - 1) // OF_A_SHOPPER
            assert recorded % OF_A_SHOPPER == 0
