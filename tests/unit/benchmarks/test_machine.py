"""What is told of the machine."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.machine import busy, machine, proportional_mib


def test_a_machine_is_busy_when_more_than_half_of_its_cores_were_wanted() -> None:
    cores = os.cpu_count() or 1

    assert not busy(0.5 * cores)
    assert busy(0.5 * cores + 0.1)


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
