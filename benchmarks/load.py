"""Latency against offered load, to saturation and twice beyond it, from a process of its own.

First, callers that wait for each answer before they ask again find the peak: 1 of them, then 16. Then
searches arrive at random (Poisson) at shares of that peak, whether the server keeps up or not; latency counts
from the moment a search was due, so that a stalled server is not asked less (no coordinated omission).
Refused calls (RESOURCE_EXHAUSTED) are counted, and their latency is not mixed with that of accepted ones.
Nothing comes from a cache, unless --cached. Client and server share the machine. Written to
benchmarks/results/.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import numpy as np
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from benchmarks.server import connections, running_server
from cartograph.v1 import search_service_pb2 as search
from cartograph.v1 import search_service_pb2_grpc
from index_builder.judgements import read_queries

CALLERS = (1, 16)
LOADS = (0.25, 0.5, 0.75, 0.9, 1.0, 1.5, 2.0)
"""Of the peak of 16 callers."""
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Point:
    """`offered` and `answered` are searches a second; milliseconds are of accepted searches."""

    offered: float
    answered: float
    refused: int
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(slots=True)
class Tally:
    """What came of searches; told from many threads."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, code: grpc.StatusCode, seconds: float) -> None:
        with self.lock:
            if code is grpc.StatusCode.OK:
                self.milliseconds.append(seconds * 1e3)
            elif code is grpc.StatusCode.RESOURCE_EXHAUSTED:
                self.refused += 1
            else:
                self.failed += 1

    def point(self, offered: float, seconds: float) -> Point:
        times = self.milliseconds or [0.0]
        p50, p95, p99 = (round(float(np.percentile(times, share)), 2) for share in (50, 95, 99))
        answered = round(len(self.milliseconds) / seconds, 1)
        return Point(round(offered, 1), answered, self.refused, self.failed, p50, p95, p99)


Calls: TypeAlias = "Sequence[grpc.UnaryUnaryMultiCallable[Any, Any]]"
"""The method that is asked, once for each connection; callers and requests take them in turn."""


def closed_loop(
    calls: Calls,
    requests: Sequence[Any],
    callers: int,
    seconds: float,
) -> Point:
    """`callers` that ask again as soon as they are answered."""
    tally = Tally()
    end = time.perf_counter() + seconds

    def caller(number: int) -> None:
        call = calls[number % len(calls)]
        for request in islice(cycle(requests), 7 * number, None):
            start = time.perf_counter()
            if start >= end:
                return
            try:
                call(request, timeout=_TIMEOUT)
                code = grpc.StatusCode.OK
            except grpc.RpcError as error:
                code = error.code()
            tally.add(code, time.perf_counter() - start)

    start = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        list(threads.map(caller, range(callers)))
    point = tally.point(0, time.perf_counter() - start)
    return Point(point.answered, *list(asdict(point).values())[1:])


def open_loop(
    calls: Calls,
    requests: Sequence[Any],
    rate: float,
    seconds: float,
    seed: int,
) -> Point:
    """Searches due at random times, `rate` a second on average, sent whatever became of the others."""
    chance = np.random.default_rng(seed)
    due = np.cumsum(chance.exponential(1 / rate, round(rate * seconds)))
    tally, left = Tally(), threading.Semaphore(0)
    start = time.perf_counter()
    for moment, ask, request in zip(due.tolist(), cycle(calls), cycle(requests), strict=False):
        time.sleep(max(0.0, start + moment - time.perf_counter()))

        def done(call: Any, moment: float = moment) -> None:
            tally.add(call.code(), time.perf_counter() - start - moment)
            left.release()

        ask.future(request, timeout=_TIMEOUT).add_done_callback(done)
    for _ in due:
        left.acquire()
    return tally.point(len(due) / float(due[-1]), time.perf_counter() - start)


def main() -> None:
    given = _parse()
    requests = [
        _request(query, rerank=given.rerank, cached=given.cached)
        for query in read_queries(given.queries).values()
    ]
    with (
        running_server(given.data, *given.server_flags, threads=given.threads) as address,
        connections(address, given.connections) as channels,
    ):
        calls = [search_service_pb2_grpc.SearchServiceStub(channel).SearchProducts for channel in channels]
        closed_loop(calls, requests, max(CALLERS), given.seconds / 2)  # warms up
        closed = {callers: closed_loop(calls, requests, callers, given.seconds) for callers in CALLERS}
        peak = closed[max(CALLERS)].answered
        opened = {load: open_loop(calls, requests, load * peak, given.seconds, given.seed) for load in LOADS}
    content = {
        "queries": len(requests),
        "rerank": given.rerank,
        "cached": given.cached,
        "seconds": given.seconds,
        "connections": given.connections,
        "server_flags": given.server_flags,
        "callers": {callers: asdict(point) for callers, point in closed.items()},
        "gain_of_16_callers": round(peak / closed[1].answered, 2),
        "open_loop": {load: asdict(point) for load, point in opened.items()},
        "machine": machine(),
    }
    keep_result("load", given.name, content)
    rows = {
        **{f"{callers} callers": point for callers, point in closed.items()},
        **{f"{load:.0%} of the peak": point for load, point in opened.items()},
    }
    show_result(content, _table(rows), as_json=given.json)


def _request(query: str, *, rerank: bool, cached: bool) -> search.SearchProductsRequest:
    mode = search.RerankSpec.MODE_AUTO if rerank else search.RerankSpec.MODE_DISABLED
    return search.SearchProductsRequest(
        query=query, rerank_spec=search.RerankSpec(mode=mode), skip_cache=not cached
    )


def _table(rows: dict[str, Point]) -> Table:
    shown = Table(title="searches over gRPC")
    for column in ("load", "offered /s", "answered /s", "refused", "failed", "p50 ms", "p95 ms", "p99 ms"):
        shown.add_column(column, justify="left" if column == "load" else "right")
    for name, each in rows.items():
        counts = (f"{each.offered:.0f}", f"{each.answered:.0f}", str(each.refused), str(each.failed))
        shown.add_row(name, *counts, *(f"{v:.1f}" for v in (each.p50_ms, each.p95_ms, each.p99_ms)))
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--rerank", action="store_true", help="let the cross-encoder read 20 candidates")
    parser.add_argument("--cached", action="store_true", help="let the server's caches answer")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (default 10)")
    parser.add_argument("--threads", type=int, default=2, help="of the server's models (default 2)")
    parser.add_argument("--connections", type=int, default=16, help="that callers share out (default 16)")
    parser.add_argument("--server-flags", nargs="*", default=[], help="of engine serve, as in processes=2")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    given = parser.parse_args()
    given.server_flags = [f"--{flag}" for flag in given.server_flags]
    return given


if __name__ == "__main__":
    main()
