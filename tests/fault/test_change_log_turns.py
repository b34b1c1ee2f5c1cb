"""Two processes write the same log, and one after the other is killed: the one that is left goes on, and all
that either acknowledged is there, once.

As many kills as in `test_change_log_crashes`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Queue
from signal import SIGKILL
from threading import Thread

import numpy as np

from engine.backends.change_log import ChangeLog
from tests.fault.test_change_log_crashes import KILLS, LONGEST_SECONDS

NAMES = "ab"
WAIT = 30.0


class Writers:
    """What the processes say, as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.acknowledged = dict.fromkeys(NAMES, 0)
        self.pids: dict[str, int] = {}
        self._said: Queue[str] = Queue()
        self.listening = Thread(target=self._listen, daemon=True)
        self.listening.start()

    def start(self, name: str) -> None:
        """It begins after the request that was acknowledged last: the next one may be there already."""
        assert self.process.stdin is not None
        self.pids.pop(name, None)
        self.process.stdin.write(f"{name} {self.acknowledged[name] + 1}\n")
        self.process.stdin.flush()
        self.hear(lambda: name in self.pids)

    def kill(self, name: str) -> None:
        os.kill(self.pids[name], SIGKILL)

    def hear(self, enough: Callable[[], bool]) -> None:
        """All that was said, and until it is enough."""
        end = time.monotonic() + WAIT
        while not (self._said.empty() and enough()):
            assert time.monotonic() < end
            kind, name, number = self._said.get(timeout=WAIT).split()
            if kind == "pid":
                self.pids[name] = int(number)
            else:
                self.acknowledged[name] = int(number)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line)


def test_when_a_writer_is_killed_the_other_goes_on_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    ChangeLog.open(tmp_path).close()
    command = [sys.executable, "-m", "tests.fault.writing_by_turns", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        writers = Writers(process)
        for name in NAMES:
            writers.start(name)
        for kill in range(KILLS):
            dies, other = NAMES[kill % 2], NAMES[1 - kill % 2]
            time.sleep(chance.uniform(0.005, LONGEST_SECONDS))
            writers.kill(dies)
            writers.hear(lambda: True)
            before = writers.acknowledged[other]
            writers.hear(lambda other=other, before=before: writers.acknowledged[other] > before)  # type: ignore[misc]
            writers.start(dies)
        for name in NAMES:
            writers.kill(name)
        assert process.stdin is not None
        process.stdin.close()
        writers.listening.join(WAIT)
        writers.hear(lambda: True)

    with closing(ChangeLog.open(tmp_path)) as log:
        log.check()
        numbers = {name: range(1, writers.acknowledged[name] + 1) for name in NAMES}
        assert all(log.outcome_of(f"{name}-{n}") == b"%d" % n for name in NAMES for n in numbers[name])
        changes = log.since(0, 1_000_000)
        assert [change.sequence for change in changes] == list(range(1, log.last_sequence + 1))
        # Of each there may be one that was committed when its writer was killed, and not acknowledged.
        unheard = sum(
            log.outcome_of(f"{name}-{writers.acknowledged[name] + 1}") is not None for name in NAMES
        )
        assert len(changes) == 2 * (sum(map(len, numbers.values())) + unheard)
        assert min(writers.acknowledged.values()) > KILLS
