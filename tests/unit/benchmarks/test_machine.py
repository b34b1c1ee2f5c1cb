"""What is told of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from time import monotonic

from benchmarks.machine import ProcessorTime, machine, proportional_mib


def work(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_own_work_is_not_that_of_others() -> None:
    start = ProcessorTime.now()
    work(0.5)
    with subprocess.Popen([sys.executable, "-c", "sum(range(10_000_000))"]) as child:
        child.wait()
    own = ProcessorTime.now().own - start.own

    assert own >= 0.5
    assert start.share_of_others() <= 1 - own / (os.cpu_count() or 1) / (monotonic() - start.clock) + 0.1


def test_a_process_that_still_runs_counts_as_others() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        start = ProcessorTime.now()
        time.sleep(1)
        share = start.share_of_others()
        child.kill()

    assert share >= 0.3 / (os.cpu_count() or 1)


def test_the_memory_of_a_process_tree_counts_what_its_children_take() -> None:
    taking = "x = bytearray(64 * 2**20); print(flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {taking!r}], check=True)"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert proportional_mib([process.pid]) > 64
        process.communicate(b"\n")


def test_the_memory_of_a_process_that_ended_counts_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    assert proportional_mib([ended.pid]) == 0


def test_the_revision_of_the_code_is_told() -> None:
    assert isinstance(machine()["revision"], str)
