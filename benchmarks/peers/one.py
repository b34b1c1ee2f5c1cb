"""Measures one engine in a process of its own: `python -m benchmarks.peers.one JOB_FILE`.

A process for each engine frees all of its memory before the next, tells its memory from that of others, and
can be ended when it takes too long or takes the interpreter with it.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import numpy as np

from benchmarks.machine import proportional_mib
from benchmarks.peers.job import QUERIES, TUNING, VECTORS, Job, Outcome
from benchmarks.peers.measure import measure
from benchmarks.peers.peer import NotInstalledError, Peer
from benchmarks.peers.truth import Queries


def main() -> None:
    job = Job.read(Path(sys.argv[1]))
    stored = np.load(job.data / VECTORS)
    tuning, asked = (
        Queries(stored, held["vectors"], held["worst"])
        for held in (np.load(job.data / TUNING), np.load(job.data / QUERIES))
    )
    try:
        outcome = _measured(job, tuning, asked)
    except NotInstalledError as missing:
        outcome = Outcome(str(missing))
    except Exception as error:  # whatever an engine raises is told, and the other engines go on
        outcome = Outcome(f"failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
        sys.excepthook(type(error), error, error.__traceback__)  # into the log, for who keeps it
    outcome.save(job.answer)


def _measured(job: Job, tuning: Queries, asked: Queries) -> Outcome:
    before = proportional_mib()
    peer: Peer = import_module(job.module).open_peer(job.options)
    try:
        figures = measure(peer, tuning, asked, job.seconds, before)
        return Outcome("", peer.kind, peer.versions, peer.settings, asdict(figures))
    finally:
        peer.close()


if __name__ == "__main__":
    main()
