"""What callers in a hurry get: how many are answered in time, with what left out, and who is answered late.

Searches with reranking are sent with deadlines from 5 to 100 milliseconds, by one caller and by 16 at once.
`overrun` is how much later than its deadline a caller heard anything, an answer or DEADLINE_EXCEEDED;
`whole` answers had nothing left out. Nothing comes from a cache. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from threading import Lock
from time import perf_counter

import grpc
import numpy as np
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from benchmarks.server import connections, running_server
from cartograph.v1 import search_service_pb2 as search
from cartograph.v1 import search_service_pb2_grpc
from index_builder.judgements import read_queries

DEADLINES_MS = (5, 10, 20, 40, 100)
CALLERS = (1, 16)
_WARM_UP = 40


@dataclass(slots=True)
class Tally:
    """Of searches with one deadline; told from many threads."""

    overruns_ms: list[float] = field(default_factory=list)
    answered: int = 0
    whole: int = 0
    lock: Lock = field(default_factory=Lock)

    def add(self, answer: search.SearchProductsResponse | None, overrun_ms: float) -> None:
        with self.lock:
            self.overruns_ms.append(overrun_ms)
            self.answered += answer is not None
            self.whole += answer is not None and not answer.degraded_stages


@dataclass(frozen=True, slots=True)
class Row:
    """Shares of all searches; `whole` ones had nothing left out."""

    deadline_ms: int
    callers: int
    answered: float
    whole: float
    overrun_p50_ms: float
    overrun_p99_ms: float


def ask(
    stubs: Sequence[search_service_pb2_grpc.SearchServiceStub],
    queries: Sequence[str],
    deadline_ms: int,
    callers: int,
    count: int,
) -> Row:
    """`count` searches, shared out to the callers."""
    tally = Tally()

    def caller(number: int) -> None:
        stub = stubs[number % len(stubs)]
        for query in islice(cycle(queries), 7 * number, 7 * number + count // callers):
            request = search.SearchProductsRequest(query=query, skip_cache=True)
            started = perf_counter()
            try:
                answer = stub.SearchProducts(request, timeout=deadline_ms / 1e3)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise
                answer = None
            tally.add(answer, (perf_counter() - started) * 1e3 - deadline_ms)

    with ThreadPoolExecutor(callers) as threads:
        list(threads.map(caller, range(callers)))
    total = len(tally.overruns_ms)
    late = np.maximum(tally.overruns_ms, 0.0)
    p50, p99 = (round(float(np.percentile(late, share)), 2) for share in (50, 99))
    answered, whole = round(tally.answered / total, 3), round(tally.whole / total, 3)
    return Row(deadline_ms, callers, answered, whole, p50, p99)


def main() -> None:
    given = _parse()
    queries = list(read_queries(given.queries).values())
    with (
        running_server(given.data, threads=given.threads) as address,
        connections(address, max(CALLERS)) as channels,
    ):
        stubs = [search_service_pb2_grpc.SearchServiceStub(channel) for channel in channels]
        for query in queries[:_WARM_UP]:
            stubs[0].SearchProducts(search.SearchProductsRequest(query=query, skip_cache=True))
        rows = [
            ask(stubs, queries, deadline, callers, given.count)
            for callers in CALLERS
            for deadline in DEADLINES_MS
        ]
    content = {"searches": given.count, "rows": [asdict(row) for row in rows], "machine": machine()}
    keep_result("deadlines", given.name, content)
    show_result(content, _table(rows), as_json=given.json)


def _table(rows: Sequence[Row]) -> Table:
    shown = Table(title="searches in a hurry, with reranking")
    for column in ("callers", "deadline ms", "answered", "whole", "overrun p50 ms", "overrun p99 ms"):
        shown.add_column(column, justify="right")
    for row in rows:
        shares = (f"{row.answered:.0%}", f"{row.whole:.0%}")
        overruns = (f"{row.overrun_p50_ms:.1f}", f"{row.overrun_p99_ms:.1f}")
        shown.add_row(str(row.callers), str(row.deadline_ms), *shares, *overruns)
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deadlines", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--count", type=int, default=320, help="searches for each deadline (default 320)")
    parser.add_argument("--threads", type=int, default=2, help="of the server's models (default 2)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
