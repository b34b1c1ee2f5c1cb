"""Asks a pool, and looks at the processes that it starts."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

from engine.backends.graph_query.pool import GraphQueryPool
from engine.deadline import Deadline
from engine.errors import EngineError
from engine.graph_values import GraphAnswer, GraphQuery

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
"""Counts 8,000 million ways to take three of two thousand statements."""
WAIT = 20.0


def ask(
    pool: GraphQueryPool, text: str, *, max_rows: int = 1_000, seconds: float | None = None
) -> GraphAnswer:
    deadline = Deadline.none() if seconds is None else Deadline.after(seconds)
    return pool.run(GraphQuery(text, max_rows), deadline)


def in_background(pool: GraphQueryPool, ended: list[EngineError], deadline: Deadline) -> threading.Thread:
    """A runaway query in a thread; how it ends goes into `ended`."""

    def run() -> None:
        try:
            pool.run(GraphQuery(RUNAWAY), deadline)
        except EngineError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def children() -> set[int]:
    """Processes that this one started and that run."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread may end while it is looked at
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def wait_for_a_child_beside(before: set[int]) -> int:
    until = time.monotonic() + WAIT
    while not (new := children() - before):
        assert time.monotonic() < until
        time.sleep(0.005)
    return new.pop()
