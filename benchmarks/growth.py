"""How all grows with the shop: build time, disk, start, memory, latency, at 10,000 to a million products.

For each size a generation is made (see `made_up_generation`; its vectors and graph are made up), and a server
process is started on it. Timed are: the start, until health says SERVING, with every checksum; searches by
vector over gRPC (one caller, ten ids), with their recall@10 against exact float32 search; searches by words
and vectors without reranking. Memory is the server's resident and its private part, the rest being files
mapped into memory. `exponent` is the slope of log(p50) over log(products): 0 would be no growth, 1 linear.
Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

import grpc
import numpy as np
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.load import closed_loop
from benchmarks.machine import machine, memory_mib
from benchmarks.made_up_generation import MadeUp, make_generation
from benchmarks.peers.truth import Queries, worst_right_scores
from benchmarks.server import connections, running_process
from cartograph.v1 import product_pb2, search_service_pb2, search_service_pb2_grpc
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import INDEX_FILE, VectorLayout
from engine.files import files_below
from engine.generation import DataFolder, Generation
from engine.types import FloatArray
from index_builder.vector_oracle import stand_ins

SIZES = (10_000, 100_000, 1_000_000)
_QUERIES, _LIMIT, _WARM_UP = 500, 10, 50
_CALLERS, _SECONDS = 16, 5.0

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Latency:
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        p50, p99 = np.percentile(np.array(seconds) * 1e3, (50, 99)).round(3).tolist()
        return cls(p50, p99)


@dataclass(frozen=True, slots=True)
class Throughput:
    """Searches by vector a second: of 16 callers over gRPC, with their p99; and of the same index in this
    process, asked from as many threads as the machine has cores.
    """

    grpc: float
    grpc_p99_ms: float
    in_process: float


@dataclass(frozen=True, slots=True)
class Size:
    """Of one shop. Bytes are those of the vector index's file: vectors and links."""

    products: int
    build_seconds: dict[str, float]
    index: str
    index_mib: float
    disk_mib: float
    start_seconds: float
    resident_mib: float
    private_mib: float
    vector_search: Latency
    recall_at_10: float
    callers_16: Throughput
    search: Latency


def measure(made: MadeUp, data: Path, *, seed: int, threads: int) -> Size:
    """Start a server on it and ask."""
    queries = stand_ins(made.vectors, _QUERIES + _WARM_UP, np.random.default_rng(seed + 1))
    started = perf_counter()
    with running_process(data, threads=threads, start_seconds=600) as server:
        start = perf_counter() - started
        with grpc.insecure_channel(server.address) as channel:
            stub = search_service_pb2_grpc.SearchServiceStub(channel)
            requests = [_near(query) for query in queries]
            found, by_vector = _by_vector(stub, requests)
            words = _timed(lambda text: stub.SearchProducts(_request(text)), made.queries)
        resident, private = memory_mib(server.pid)
        throughput = _throughput(server.address, requests, made.generation, queries)
    index = made.generation.part("vectors") / INDEX_FILE
    bytes_on_disk = sum(path.stat().st_size for _, path in files_below(made.generation.folder))
    return Size(
        products=len(made.vectors),
        build_seconds=made.seconds,
        index=_described(made.generation),
        index_mib=round(index.stat().st_size / 2**20, 1),
        disk_mib=round(bytes_on_disk / 2**20, 1),
        start_seconds=round(start, 2),
        resident_mib=round(resident, 1),
        private_mib=round(private, 1),
        vector_search=by_vector,
        recall_at_10=_recall(made.vectors, queries[_WARM_UP:], found),
        callers_16=throughput,
        search=words,
    )


def _by_vector(
    stub: search_service_pb2_grpc.SearchServiceStub,
    requests: Sequence[search_service_pb2.SearchByVectorRequest],
) -> tuple[list[list[int]], Latency]:
    """Rows found for each request but those that warm up."""
    found: list[list[int]] = []

    def ask(request: search_service_pb2.SearchByVectorRequest) -> None:
        results = stub.SearchByVector(request).results
        found.append([int(result.product.id[1:]) for result in results])  # P7 is row 7

    latency = _timed(ask, requests)
    return found[_WARM_UP:], latency


def _throughput(
    address: str,
    requests: Sequence[search_service_pb2.SearchByVectorRequest],
    generation: Generation,
    queries: FloatArray,
) -> Throughput:
    with connections(address, _CALLERS) as channels:
        calls = [search_service_pb2_grpc.SearchServiceStub(channel).SearchByVector for channel in channels]
        closed_loop(calls, requests, _CALLERS, _SECONDS / 2)
        over_grpc = closed_loop(calls, requests, _CALLERS, _SECONDS)
    index = FaissVectorIndex.open(generation.part("vectors"), device="cpu")
    end = perf_counter() + _SECONDS

    def search(first: int) -> int:
        count = 0
        for query in islice(cycle(queries), first, None):
            if perf_counter() >= end:
                break
            index.search(query[None], _LIMIT)
            count += 1
        return count

    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(search, range(0, threads * _WARM_UP, _WARM_UP)))
    return Throughput(over_grpc.answered, over_grpc.p99_ms, round(done / _SECONDS, 1))


def _near(query: FloatArray) -> search_service_pb2.SearchByVectorRequest:
    return search_service_pb2.SearchByVectorRequest(
        vector=query, page_size=_LIMIT, view=product_pb2.PRODUCT_VIEW_ID
    )


def _timed(ask: Callable[[Asked], object], asked: Sequence[Asked]) -> Latency:
    seconds = []
    for each in asked[: _QUERIES + _WARM_UP]:
        start = perf_counter()
        ask(each)
        seconds.append(perf_counter() - start)
    return Latency.of(seconds[_WARM_UP:])


def _request(text: str) -> search_service_pb2.SearchProductsRequest:
    message = search_service_pb2.SearchProductsRequest(query=text, skip_cache=True)
    message.rerank_spec.mode = search_service_pb2.RerankSpec.MODE_DISABLED
    return message


def _recall(vectors: FloatArray, queries: FloatArray, found: Sequence[Sequence[int]]) -> float:
    asked = Queries(vectors, queries, worst_right_scores(vectors, queries))
    return round(float(np.mean([asked.recall(place, rows) for place, rows in enumerate(found)])), 4)


def _described(generation: Generation) -> str:
    layout = VectorLayout.load(generation.part("vectors"))
    return f"{layout.kind} of {layout.storage}, effort {layout.effort_at_10} to {layout.effort}"


def exponent(sizes: Sequence[Size], latency: Callable[[Size], float]) -> float | None:
    """Slope of log(latency) over log(products), by least squares; None for one size."""
    if len(sizes) < 2:
        return None
    counts, latencies = zip(*((each.products, latency(each)) for each in sizes), strict=True)
    return round(float(np.polyfit(np.log(counts), np.log(latencies), 1)[0]), 3)


def main() -> None:
    given = _parse()
    models = DataFolder.open(given.data).open_active(verify=False)
    sizes = []
    for count in given.sizes:
        with _folder(given.folder, count) as data:
            if data.exists():
                made = MadeUp.reopen(data)
            else:
                made = make_generation(
                    count, models, data, seed=given.seed, threads=given.threads, tell=_teller(count)
                )
            sizes.append(measure(made, data, seed=given.seed, threads=given.threads))
    content = {
        "sizes": [asdict(each) for each in sizes],
        "exponent": {
            "vector_search": exponent(sizes, lambda each: each.vector_search.p50_ms),
            "search": exponent(sizes, lambda each: each.search.p50_ms),
        },
        "seed": given.seed,
        "threads": given.threads,
        "machine": machine(),
    }
    keep_result("growth", given.name, content)
    show_result(content, _table(sizes), as_json=given.json)


@contextmanager
def _folder(kept: Path | None, count: int) -> Iterator[Path]:
    if kept is not None:
        yield kept / str(count)
        return
    with TemporaryDirectory(prefix="cartograph-growth-") as scratch:
        yield Path(scratch) / "data"


def _teller(count: int) -> Callable[[str], None]:
    def tell(part: str) -> None:
        sys.stderr.write(f"{count:,} products: {part}\n")

    return tell


def _table(sizes: Sequence[Size]) -> Table:
    shown = Table("", *(f"{each.products:,}" for each in sizes), title="growth")
    rows: dict[str, Callable[[Size], str]] = {
        "built in, s": lambda each: f"{sum(each.build_seconds.values()):.0f}",
        "vector index": lambda each: each.index,
        "its MiB": lambda each: f"{each.index_mib:.0f}",
        "disk, MiB": lambda each: f"{each.disk_mib:.0f}",
        "start, s": lambda each: f"{each.start_seconds:.1f}",
        "resident, MiB": lambda each: f"{each.resident_mib:.0f}",
        "private, MiB": lambda each: f"{each.private_mib:.0f}",
        "by vector, p50 ms": lambda each: f"{each.vector_search.p50_ms:.2f}",
        "by vector, p99 ms": lambda each: f"{each.vector_search.p99_ms:.2f}",
        "recall@10": lambda each: f"{each.recall_at_10:.3f}",
        "16 callers, searches/s": lambda each: f"{each.callers_16.grpc:.0f}",
        "16 callers, p99 ms": lambda each: f"{each.callers_16.grpc_p99_ms:.1f}",
        "in process, searches/s": lambda each: f"{each.callers_16.in_process:.0f}",
        "search, p50 ms": lambda each: f"{each.search.p50_ms:.2f}",
        "search, p99 ms": lambda each: f"{each.search.p99_ms:.2f}",
    }
    for name, cell in rows.items():
        shown.add_row(name, *(cell(each) for each in sizes))
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder whose models are used")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="products of each shop")
    parser.add_argument("--threads", type=int, default=2, help="of builder and server (default 2)")
    parser.add_argument("--folder", type=Path, help="keep the shops here, and use those that are there")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--name", default="made-up", help="name of the result file (default made-up)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
