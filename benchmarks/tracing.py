"""What does watching cost a search? The server's CPU time for a call, with each way of watching switched on.

Servers that differ in their flags alone answer the same searches in turn, one caller at a time, nothing from
the cache and without the reranker, so that what is added shows. A collector in a process of its own takes the
spans. Judge by the CPU time: it is of the server's whole process, so that sending the spans is in it, and
other load on the machine moves it less than times.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc
from rich.console import Console
from rich.table import Table

from benchmarks.server import RunningServer, running_process
from cartograph.v1 import search_service_pb2 as search
from cartograph.v1 import search_service_pb2_grpc as stubs
from index_builder.judgements import read_queries

NO_RERANKER = search.RerankSpec(mode=search.RerankSpec.MODE_DISABLED)
QUIET = ("--recall-checks", "0", "--log-level", "warning")


class Collector(service_grpc.TraceServiceServicer):
    """Counts spans and forgets them."""

    def __init__(self) -> None:
        self.spans = 0

    def Export(  # noqa: N802 (the contract's name)
        self,
        request: service.ExportTraceServiceRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> service.ExportTraceServiceResponse:
        self.spans += sum(len(scope.spans) for sent in request.resource_spans for scope in sent.scope_spans)
        return service.ExportTraceServiceResponse()


def collect(parent: Connection) -> None:
    """Sends its port, and for every message how many spans came so far."""
    collector, server = Collector(), grpc.server(ThreadPoolExecutor(2))
    service_grpc.add_TraceServiceServicer_to_server(collector, server)
    parent.send(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    while True:
        parent.recv()
        parent.send(collector.spans)


@contextmanager
def collecting() -> Iterator[tuple[int, Connection]]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=collect, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        process.terminate()
        process.join()


def ways(port: int) -> dict[str, tuple[str, ...]]:
    """Flags by what is watched."""
    otlp = ("--otlp-endpoint", f"http://127.0.0.1:{port}")
    return {
        "nothing": ("--slow-search-ms", "0"),
        "slow searches": ("--slow-search-ms", "500"),
        "traces, this call is not sampled": (*otlp, "--trace-share", "0"),
        "traces, every call": (*otlp, "--trace-share", "1"),
    }


def cpu_seconds(pid: int) -> float:
    """Of a process since it began (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(server: RunningServer, queries: Sequence[str]) -> tuple[float, float]:
    """CPU and elapsed milliseconds for a search."""
    with grpc.insecure_channel(server.address) as channel:
        stub = stubs.SearchServiceStub(channel)
        cpu, start = cpu_seconds(server.pid), time.perf_counter()
        for query in queries:
            request = search.SearchProductsRequest(query=query, skip_cache=True, rerank_spec=NO_RERANKER)
            stub.SearchProducts(request, timeout=30)
        elapsed = time.perf_counter() - start
        return (cpu_seconds(server.pid) - cpu) / len(queries) * 1e3, elapsed / len(queries) * 1e3


def measure(
    data: Path, queries: Sequence[str], rounds: int
) -> tuple[dict[str, list[tuple[float, float]]], int]:
    """By way of watching, the figures of each round after the first; and how many spans were collected."""
    with ExitStack() as stack:
        port, collector = stack.enter_context(collecting())
        servers = {
            way: stack.enter_context(running_process(data, *QUIET, *flags))
            for way, flags in ways(port).items()
        }
        found: dict[str, list[tuple[float, float]]] = {way: [] for way in servers}
        for number in range(rounds + 1):
            for way, server in servers.items():
                figures = timed(server, queries)
                if number:
                    found[way].append(figures)
        collector.send(None)
        return found, collector.recv()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="A built data folder.")
    parser.add_argument("--queries", type=Path, required=True, help="Queries to ask: TSV of id and query.")
    parser.add_argument("--rounds", type=int, default=20, help="Rounds; their median counts [default: 20].")
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    options = parser.parse_args()
    found, spans = measure(options.data, list(read_queries(options.queries).values()), options.rounds)
    medians = {
        way: {
            "server_cpu_ms": round(statistics.median(cpu for cpu, _ in rounds), 3),
            "elapsed_ms": round(statistics.median(elapsed for _, elapsed in rounds), 3),
        }
        for way, rounds in found.items()
    }
    console = Console()
    if options.json:
        console.out(json.dumps({"cores": os.cpu_count(), "spans": spans, "ways": medians}), highlight=False)
        return
    table = Table("watched", "server CPU ms/search", "ms/search", box=None)
    for way, figures in medians.items():
        table.add_row(way, f"{figures['server_cpu_ms']:.3f}", f"{figures['elapsed_ms']:.3f}")
    console.print(table)
    console.print(f"{spans:,} spans were collected.")


if __name__ == "__main__":
    main()
