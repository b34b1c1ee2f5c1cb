"""The course that every engine runs: build, find the effort that recall needs, ask alone and in a crowd."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from time import perf_counter

import numpy as np

from benchmarks.machine import proportional_mib
from benchmarks.peers.peer import Kind, Peer
from benchmarks.peers.truth import Queries

TARGET = 0.95
CALLERS = (1, 16)
_WARMUP_SHARE = 0.2
Search = Callable[[int], Sequence[int]]
"""The ids found for the query at a place."""


@dataclass(frozen=True, slots=True)
class Load:
    """Of callers that ask again as soon as they are answered. Milliseconds are the callers'."""

    callers: int
    searches: int
    per_second: float
    p50_ms: float
    p99_ms: float
    recall: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one engine. `effort` is the lowest whose `tuned_recall` reached the target, or the highest there is.
    Memory is the engine's own processes', or by how much this one grew; None where that cannot be told.
    """

    build_seconds: float
    effort: int
    tuned_recall: float
    reached: bool
    loads: tuple[Load, ...]
    memory_mib: float | None
    disk_mib: float | None


def measure(peer: Peer, tuning: Queries, asked: Queries, seconds: float, baseline_mib: float) -> Figures:
    """Raises what the engine raises. `baseline_mib` is what this process took before it was opened."""
    start = perf_counter()
    peer.build(asked.stored)
    build_seconds = perf_counter() - start
    effort, recall = tune(peer, tuning)

    def search(place: int) -> Sequence[int]:
        return peer.search(asked.vectors[place], effort)

    loads = tuple(_load(search, asked, callers, seconds) for callers in CALLERS)
    disk = peer.disk_bytes()
    return Figures(
        round(build_seconds, 2),
        effort,
        round(recall, 4),
        recall >= TARGET,
        loads,
        _memory_mib(peer, baseline_mib),
        None if disk is None else round(disk / 2**20, 1),
    )


def tune(peer: Peer, queries: Queries) -> tuple[int, float]:
    """The lowest effort that reaches the target and its recall, or those of the highest."""
    effort, recall = 0, 0.0
    for effort in peer.efforts:
        recalls = [
            queries.recall(place, peer.search(vector, effort)) for place, vector in enumerate(queries.vectors)
        ]
        recall = float(np.mean(recalls))
        if recall >= TARGET:
            break
    return effort, recall


def _load(search: Search, queries: Queries, callers: int, seconds: float) -> Load:
    closed_loop(search, len(queries), callers, _WARMUP_SHARE * seconds)  # opens connections, fills caches
    start = perf_counter()
    samples = closed_loop(search, len(queries), callers, seconds)
    passed = perf_counter() - start
    p50, p99 = np.percentile([taken for _, taken, _ in samples], [50, 99]) * 1e3
    recall = np.mean([queries.recall(place, ids) for place, _, ids in samples])
    return Load(
        callers,
        len(samples),
        round(len(samples) / passed, 1),
        round(float(p50), 3),
        round(float(p99), 3),
        round(float(recall), 4),
    )


def closed_loop(
    search: Search, queries: int, callers: int, seconds: float
) -> list[tuple[int, float, Sequence[int]]]:
    """Place of the query, seconds it took and ids found, of all searches that began in time; one at least.

    The callers take the queries in turn, over and over. What one search raises ends all, and is raised.
    """
    turns, samples = count(), []
    end = perf_counter() + seconds
    failed = threading.Event()

    def caller() -> None:
        while not failed.is_set():
            place = next(turns) % queries
            start = perf_counter()
            try:
                ids = search(place)
            except BaseException:
                failed.set()
                raise
            samples.append((place, perf_counter() - start, ids))
            if perf_counter() >= end:
                return

    with ThreadPoolExecutor(callers) as threads:
        for each in [threads.submit(caller) for _ in range(callers)]:
            each.result()
    return samples


def _memory_mib(peer: Peer, baseline_mib: float) -> float | None:
    if peer.processes:
        return round(proportional_mib(peer.processes), 1)
    if peer.kind is Kind.SERVER:
        return None
    gc.collect()
    return round(max(0.0, proportional_mib() - baseline_mib), 1)
