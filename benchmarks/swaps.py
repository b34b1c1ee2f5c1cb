"""Swapping generations while searches are answered: calls that fail, time of searches, memory at its peak.

A data folder of its own is served, in which the active generations of `--data` and `--other` are linked.
`--callers` search without reranking, one call after the other, first alone and then while the two generations
are activated by turns. Memory is what the process has in RAM, mapped files included: before the first swap,
after the last one, and at its peak in between. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import perf_counter, sleep
from typing import Any

import grpc
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.live_shop import Shop, milliseconds
from benchmarks.machine import begin_peak, machine, memory_mib, peak_mib
from benchmarks.server import running_process
from cartograph.v1 import generation_service_pb2 as messages
from cartograph.v1 import generation_service_pb2_grpc as services
from engine.backends.catalog import Catalog
from engine.errors import ConfigError
from engine.generation import DataFolder, Generation

_QUERIES = 300
_WARM_UP = 50


@dataclass(slots=True)
class Load:
    """Callers that search one after the other; `failed` are the codes of calls that failed."""

    shop: Shop
    queries: Sequence[str]
    callers: int
    taken: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = Event()
        with ThreadPoolExecutor(self.callers) as threads:
            asking = [threads.submit(self._ask, place, stop) for place in range(self.callers)]
            try:
                yield
            finally:
                stop.set()
        for each in asking:
            each.result()

    def _ask(self, place: int, stop: Event) -> None:
        for query in islice(cycle(self.queries), place, None):
            if stop.is_set():
                return
            start = perf_counter()
            try:
                self.shop.search(query)
            except grpc.RpcError as error:
                self.failed.append(error.code().name)
            self.taken.append(perf_counter() - start)


def measure(data: Path, generations: Sequence[Generation], given: argparse.Namespace) -> dict[str, Any]:
    """The first of the two generations is active."""
    catalog = Catalog.open(generations[0].part("catalog"))
    products = catalog.products(range(0, len(catalog), max(1, len(catalog) // _QUERIES)))
    queries = [product.title for product in products]
    with (
        running_process(data, threads=given.threads) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        shop, stub = Shop(channel, products, queries), services.GenerationServiceStub(channel)
        for query in queries[:_WARM_UP]:
            shop.search(query)
        idle, swapping = (Load(shop, queries, given.callers) for _ in range(2))
        with idle.running():
            sleep(given.seconds)
        before = memory_mib(server.pid)[0]
        begin_peak(server.pid)
        swaps = []
        with swapping.running():
            for turn in range(1, given.swaps + 1):
                start = perf_counter()
                wanted = generations[turn % 2].id
                stub.ActivateGeneration(messages.ActivateGenerationRequest(generation_id=wanted, force=True))
                swaps.append(round(perf_counter() - start, 2))
        return {
            "products": [each.manifest.product_count for each in generations],
            "callers": given.callers,
            "swap_seconds": swaps,
            "failed_calls": len(idle.failed) + len(swapping.failed),
            "search_idle_ms": milliseconds(idle.taken),
            "search_while_swapping_ms": milliseconds(swapping.taken),
            "resident_mib_before": round(before, 1),
            "resident_mib_after": round(memory_mib(server.pid)[0], 1),
            "resident_mib_peak": round(peak_mib(server.pid), 1),
        }


@contextmanager
def _both(data: Path, other: Path) -> Iterator[tuple[Path, list[Generation]]]:
    """A data folder with the active generations of two, of which the first one's is active here as well."""
    each = [DataFolder.open(folder).open_active() for folder in (data, other)]
    if each[0].id == each[1].id:
        raise ConfigError(f"{data} and {other} serve the same generation; name one with another (--other).")
    with TemporaryDirectory(prefix="cartograph-swaps-") as folder:
        (Path(folder) / "generations").mkdir()
        for generation in each:
            (Path(folder) / "generations" / generation.id).symlink_to(generation.folder.resolve())
        own = DataFolder(Path(folder))
        own.activate(each[0].id)
        yield own.root, each


def _table(figures: dict[str, Any]) -> Table:
    shown = Table(title="Swapping generations under load")
    shown.add_column("what")
    shown.add_column("figure", justify="right")
    for name, value in figures.items():
        told = f"p50 {value['p50']:g}, p99 {value['p99']:g}" if isinstance(value, dict) else str(value)
        shown.add_row(name.replace("_", " "), told)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swaps", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument(
        "--other", type=Path, required=True, help="data folder with another active generation"
    )
    parser.add_argument("--callers", type=int, default=4, help="that search meanwhile (default 4)")
    parser.add_argument("--swaps", type=int, default=6, help="number of activations (default 6)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of searches before (default 10)")
    parser.add_argument("--threads", type=int, default=2, help="of the server (default 2)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    given = parser.parse_args()
    try:
        with _both(given.data, given.other) as (own, generations):
            figures = measure(own, generations, given)
    except ConfigError as error:
        parser.error(error.message)
    content = {**figures, "machine": machine()}
    keep_result("swaps", given.name, content)
    show_result(content, _table(figures), as_json=given.json)


if __name__ == "__main__":
    main()
