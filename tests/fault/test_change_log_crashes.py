"""A process that is killed while it commits: all that it acknowledged is there, whole, and nothing twice.

Twenty-five kills at moments of chance; CARTOGRAPH_KILLS says how many instead (the long form has 1,000).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

import numpy as np
import pytest

from engine.backends.change_log import ChangeLog, ChangeReader
from tests.change_samples import content
from tests.fault.dying_change_log import change_of, end_of, known_requests
from tests.fault.report import Report

KILLS = int(os.environ.get("CARTOGRAPH_KILLS", "25"))
LONGEST_SECONDS = 0.06
POINTS = [
    *(("statement", number) for number in (*range(16), 40, 90, 200)),
    *(("progress", number) for number in (0, 1, 3, 7, 20, 60, 200)),
    *((point, number) for point in ("before", "unflushed", "after") for number in (0, 1, 7, 12)),
]


@dataclass
class Lives:
    """A process that forks one life after another over the same log, and what they were promised."""

    folder: Path
    process: subprocess.Popen[str]
    acknowledged: int = 0
    compacted: int = 0
    deaths: int = 0

    def live(self, point: str, number: int = 0, *, seconds: float | None = None) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{point} {number}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            kind, value = line.split()
            if kind == "pid" and seconds is not None:
                time.sleep(seconds)
                os.kill(int(value), SIGKILL)
            elif kind == "acknowledged":
                self.acknowledged = int(value)
            elif kind == "compacted":
                self.compacted = int(value)
            elif kind == "ended":
                assert int(value) == -SIGKILL, "the life ended by itself"
                self.deaths += 1
                return
        raise AssertionError("the process that forks has ended")

    def examine(self, log: ChangeReader) -> None:
        """Every acknowledged request is there, every request is there whole, no sequence is missing."""
        log.check()
        last, compacted = log.last_sequence, log.compacted
        assert last >= end_of(self.acknowledged)
        assert compacted >= self.compacted
        changes = log.since(compacted, 10_000)
        assert [change.sequence for change in changes] == list(range(compacted + 1, last + 1))
        for change in changes:
            assert content(change) == content(change_of(change.sequence))
        requests = known_requests(log)
        assert requests >= self.acknowledged
        assert last == end_of(requests)
        for number in range(max(1, requests - 30), requests + 1):
            assert log.outcome_of(f"r{number}") == str(number).encode()

    def examine_in_place(self) -> None:
        """As another process sees it that may only read: the next life finds what the death left."""
        reader = ChangeReader.open_to_read(self.folder)
        self.examine(reader)
        reader.close()

    def examine_and_fold(self) -> None:
        """As a writer that ends well."""
        log = ChangeLog.open(self.folder)
        self.examine(log)
        log.close()


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    folder = tmp_path / "live"
    ChangeLog.open(folder).close()
    command = [sys.executable, "-m", "tests.fault.dying_change_log", str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Lives(folder, process)
        assert process.stdin is not None
        process.stdin.close()


def test_nothing_acknowledged_is_lost_when_the_process_is_killed_at_random(
    lives: Lives, report: Report
) -> None:
    chance = np.random.default_rng(6)
    for kill in range(KILLS):
        lives.live("outside", seconds=chance.uniform(0.005, LONGEST_SECONDS))
        if kill % 3:
            lives.examine_in_place()
        else:
            lives.examine_and_fold()

    assert lives.deaths == KILLS
    assert lives.acknowledged > KILLS
    report(tried=KILLS, lost=0, acknowledged=lives.acknowledged)


def test_nothing_acknowledged_is_lost_at_any_point_of_a_commit(lives: Lives) -> None:
    for point, number in POINTS:
        lives.live(point, number)
        lives.examine_in_place()

    lives.examine_and_fold()
    assert lives.deaths == len(POINTS)


@pytest.mark.parametrize(("point", "there"), [("statement", False), ("before", True), ("after", True)])
def test_a_commit_is_there_from_the_moment_sqlite_flushed_it(lives: Lives, point: str, there: bool) -> None:
    """The first statement of a commit is too early; between SQLite's flush and the mark it may be found."""
    lives.live(point, 0)

    assert lives.acknowledged == 0
    log = ChangeReader.open_to_read(lives.folder)
    assert (known_requests(log) > 0) == there
    log.close()
