"""Threads or asyncio for the gRPC server? SuggestQueries under three server models.

`threads` answers in a thread pool; `asyncio` answers on the event loop, which a search could not do, since
it blocks; `asyncio+threads` hands the work to a pool and awaits it, which a search would have to. The
handler does the same in all three: it reads a prefix and writes ten suggestions.

Client and server are two processes that share the machine, so calls a second say as much about the client.
The server's own CPU time for a call does not, and other load moves it less: judge by that first. Rounds of
the models alternate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import grpc
from rich.console import Console
from rich.table import Table

from cartograph.v1 import search_service_pb2 as search
from cartograph.v1 import search_service_pb2_grpc as stubs

MODELS = ("threads", "asyncio", "asyncio+threads")
CALLERS = (1, 64)
THREADS = 32
PREFIX = "black ink car"


def answer(request: search.SuggestQueriesRequest) -> search.SuggestQueriesResponse:
    suggestions = [
        search.QuerySuggestion(query=f"{request.prefix} {place}", past_count=place) for place in range(10)
    ]
    return search.SuggestQueriesResponse(suggestions=suggestions, generation_id="g-1")


class Threaded(stubs.SearchServiceServicer):
    def SuggestQueries(  # noqa: N802 (the contract's name)
        self, request: search.SuggestQueriesRequest, _context: grpc.ServicerContext
    ) -> search.SuggestQueriesResponse:
        return answer(request)


class OnTheLoop(stubs.SearchServiceServicer):
    async def SuggestQueries(  # noqa: N802 (the contract's name)
        self, request: search.SuggestQueriesRequest, _context: object
    ) -> search.SuggestQueriesResponse:
        return answer(request)


class FromTheLoop(stubs.SearchServiceServicer):
    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS)

    async def SuggestQueries(  # noqa: N802 (the contract's name)
        self, request: search.SuggestQueriesRequest, _context: object
    ) -> search.SuggestQueriesResponse:
        return await asyncio.get_running_loop().run_in_executor(self._pool, answer, request)


def serve(model: str, parent: Connection) -> None:
    """Sends its port, then its CPU seconds so far for every message; runs until its process is ended."""
    if model == "threads":
        server = grpc.server(ThreadPoolExecutor(THREADS))
        stubs.add_SearchServiceServicer_to_server(Threaded(), server)
        parent.send(server.add_insecure_port("127.0.0.1:0"))
        server.start()
        _tell_cpu_time(parent)
    else:
        asyncio.run(_serve_on_loop(OnTheLoop() if model == "asyncio" else FromTheLoop(), parent))


def _tell_cpu_time(parent: Connection) -> None:
    while True:
        parent.recv()
        parent.send(time.process_time())


async def _serve_on_loop(servicer: stubs.SearchServiceServicer, parent: Connection) -> None:
    server = grpc.aio.server()
    stubs.add_SearchServiceServicer_to_server(servicer, server)
    parent.send(server.add_insecure_port("127.0.0.1:0"))
    await server.start()
    await asyncio.to_thread(_tell_cpu_time, parent)


class Client:
    """Drives one server process. Each caller sends its next call when it has its answer."""

    def __init__(self, model: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(model, theirs), daemon=True)
        self._process.start()
        self._port: int = self._pipe.recv()

    def round(self, callers: int, seconds: float) -> tuple[float, float]:
        """Calls a second, and the server's CPU microseconds for a call."""
        counts = [0] * callers
        with grpc.insecure_channel(f"127.0.0.1:{self._port}") as channel:
            stub = stubs.SearchServiceStub(channel)
            stub.SuggestQueries(search.SuggestQueriesRequest(prefix=PREFIX), wait_for_ready=True)
            cpu, start = self._cpu_seconds(), time.perf_counter()

            def call(caller: int) -> None:
                while time.perf_counter() < start + seconds:
                    stub.SuggestQueries(search.SuggestQueriesRequest(prefix=PREFIX))
                    counts[caller] += 1

            threads = [threading.Thread(target=call, args=(caller,)) for caller in range(callers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            calls, took = sum(counts), time.perf_counter() - start
            return calls / took, (self._cpu_seconds() - cpu) / calls * 1e6

    def close(self) -> None:
        self._process.terminate()
        self._process.join()

    def _cpu_seconds(self) -> float:
        self._pipe.send(None)
        seconds: float = self._pipe.recv()
        return seconds


def measure(seconds: float, repeats: int) -> dict[str, dict[str, dict[str, float]]]:
    """By model and number of callers, the medians of `repeats` rounds; one round before is not counted."""
    clients = {model: Client(model) for model in MODELS}
    rounds: dict[tuple[str, int], list[tuple[float, float]]] = {}
    try:
        for repeat in range(-1, repeats):
            for callers in CALLERS:
                for model, client in clients.items():
                    measured = client.round(callers, seconds)
                    if repeat >= 0:
                        rounds.setdefault((model, callers), []).append(measured)
    finally:
        for client in clients.values():
            client.close()
    return {
        model: {str(callers): _medians(rounds[model, callers]) for callers in CALLERS} for model in MODELS
    }


def _medians(rounds: list[tuple[float, float]]) -> dict[str, float]:
    rates, costs = zip(*rounds, strict=True)
    return {
        "calls_per_second": round(statistics.median(rates), 1),
        "server_cpu_us_per_call": round(statistics.median(costs), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="Length of one round [default: 2].")
    parser.add_argument("--repeats", type=int, default=5, help="Rounds; their median counts [default: 5].")
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    options = parser.parse_args()
    found = measure(options.seconds, options.repeats)
    console = Console()
    if options.json:
        report = {"cores": os.cpu_count(), "grpcio": grpc.__version__, "models": found}
        console.out(json.dumps(report, indent=2), highlight=False)
        return
    table = Table("server", "callers", "calls/s", "server CPU µs/call", box=None)
    for model, by_callers in found.items():
        for callers, figures in by_callers.items():
            rate, cost = figures["calls_per_second"], figures["server_cpu_us_per_call"]
            table.add_row(model, callers, f"{rate:,.0f}", f"{cost:,.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
