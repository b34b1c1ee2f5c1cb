"""Runs the engines one after the other, each in its own process, within its own time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.peers.job import QUERIES, TUNING, VECTORS, Job, Outcome
from benchmarks.peers.peer import Options
from benchmarks.peers.registry import Entry
from benchmarks.peers.truth import worst_right_scores
from engine.types import FloatArray

_STOPPING_SECONDS = 10


def save_data(folder: Path, vectors: FloatArray, tuning: FloatArray, queries: FloatArray) -> None:
    """What all engines are given, with exact answers."""
    np.save(folder / VECTORS, vectors)
    for name, asked in ((TUNING, tuning), (QUERIES, queries)):
        np.savez(folder / name, vectors=asked, worst=worst_right_scores(vectors, asked))


def run(
    entry: Entry,
    data: Path,
    *,
    dimension: int,
    seed: int,
    threads: int,
    seconds: float,
    minutes: float,
    address: str = "",
    models: str = "",
    shops: str = "",
) -> Outcome:
    """Measure one engine on what `save_data` wrote. What the engine raises, the outcome says."""
    if missing := entry.missing():
        return Outcome(missing)
    with TemporaryDirectory(prefix="cartograph-peers-") as scratch:
        place = Path(scratch)
        place.chmod(0o711)  # PostgreSQL refuses to run as root and has to reach its folder as another user
        (place / "peer").mkdir()
        options = Options(place / "peer", dimension, seed, threads, address, models, shops)
        job = Job(entry.module, data, place / "answer.json", options, seconds)
        job.save(place / "job.json")
        problem = _finish(place, minutes)
        return Outcome(problem) if problem else Outcome.read(job.answer)


def _finish(place: Path, minutes: float) -> str:
    """Run the job of that folder to its end; "" or what kept it from an answer."""
    command = [sys.executable, "-m", "benchmarks.peers.one", str(place / "job.json")]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            code = process.wait(60 * minutes)
        except subprocess.TimeoutExpired:
            return f"failed: took more than {minutes:g} minutes"
        finally:
            _end_group(process)
    if code:
        lines = (place / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"failed: its process ended with {code}" + (f" ({lines[-1][:200]})" if lines else "")
    return ""


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what the process left running, servers that it started included."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
            end = time.monotonic() + _STOPPING_SECONDS
            while time.monotonic() < end:
                process.poll()
                os.killpg(process.pid, 0)  # raises once nothing of the group is left
                time.sleep(0.05)
    process.wait()


def known(names: str, entries: Mapping[str, Entry]) -> list[str]:
    """The names of a comma-separated list. Raises ValueError for one that is not among the entries."""
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in chosen if name not in entries]:
        raise ValueError(f"There is no peer {unknown[0]!r}; there are {', '.join(entries)}.")
    return chosen
