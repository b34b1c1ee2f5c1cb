"""Live changes of a running server: how fast they are made durable and seen, and what they cost searches.

A data folder of its own is served, whose generations are linked. Over gRPC, by one caller: upserts in batches
of 100 whose embeddings are given, the same with texts that the server embeds (beside the encoder's own speed
in this process), patches of a price in batches of 100; how long after a single upsert is sent a search finds
it; searches without reranking while nothing is written, and while another caller writes `--rate` changes a
second. Then the server is ended and started again with all changes. On a fresh start `--replace` of the
products get other words and embeddings: recall@10 by vector against exact search over what is there then,
time and memory, before and after. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any, TypeVar

import grpc
import numpy as np
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.live_shop import Shop, milliseconds
from benchmarks.machine import machine, memory_mib
from benchmarks.server import running_process
from engine.backends.catalog import Catalog
from engine.backends.encoder import open_encoder
from engine.backends.vector_index import FaissVectorIndex
from engine.generation import POINTER, DataFolder, Generation
from engine.product_texts import embedding_text
from engine.types import Product
from index_builder.vector_oracle import stand_ins

BATCH = 100
_PROBES = 50
"""Single upserts whose way into searches is timed."""
_WARM_UP, _ASKED = 50, 300
Made = TypeVar("Made")
"""What a change is made of: a request, or texts."""


def measure(data: Path, generation: Generation, given: argparse.Namespace) -> dict[str, Any]:
    products = Catalog.open(generation.part("catalog")).products(range(generation.manifest.product_count))
    queries = [product.title for product in products[:: max(1, len(products) // 300)]]
    dimension = generation.manifest.dimension
    figures: dict[str, Any] = {"products": len(products), "dimension": dimension}
    with running_process(data, threads=given.threads) as server, _channel(server.address) as channel:
        shop = Shop(channel, products, queries)
        for query in queries[:_WARM_UP]:
            shop.search(query)
        idle = shop.searches(given.seconds)
        figures["search_idle_ms"] = milliseconds(idle)
        batches = range(given.batches + 1)
        embedded = [shop.upserts(shop.new(BATCH), dimension) for _ in batches]
        figures["upserts_per_second"] = _rate(shop.upsert, embedded)
        texts = [shop.upserts(shop.new(BATCH)) for _ in batches]
        figures["upserts_embedded_here_per_second"] = _rate(shop.upsert, texts)
        figures["encoder_per_second"] = _encoder_rate(generation, products, given)
        prices = [shop.prices(products[:BATCH], units) for units in batches]
        figures["patches_per_second"] = _rate(shop.patch, prices)
        figures["seen_after_ms"] = milliseconds([_seen_after(shop) for _ in range(_PROBES)])
        with _writing(shop, given.rate):
            figures["search_while_writing_ms"] = milliseconds(shop.searches(given.seconds))
        while (made := shop.made) < given.changes:
            shop.upsert(shop.upserts(shop.new(min(10 * BATCH, given.changes - made)), dimension))
        figures["search_with_all_ms"] = milliseconds(shop.searches(given.seconds))
        figures["live_products"] = shop.made
        figures["resident_mib"], figures["private_mib"] = memory_mib(server.pid)
    start = perf_counter()
    with running_process(data, threads=given.threads):
        figures["restart_seconds"] = round(perf_counter() - start, 2)
    shutil.rmtree(data / "live")
    start = perf_counter()
    with running_process(data, threads=given.threads):
        figures["start_without_changes_seconds"] = round(perf_counter() - start, 2)
    return figures


def replaced(data: Path, generation: Generation, given: argparse.Namespace) -> dict[str, Any]:
    """The first `--replace` of the products get the title and the embedding of others, turned a little."""
    products = Catalog.open(generation.part("catalog")).products(range(generation.manifest.product_count))
    index = FaissVectorIndex.open(generation.part("vectors"), device="cpu")
    matrix = index.vectors(np.arange(len(index)))
    chance = np.random.default_rng(3)
    number = int(given.replace * len(products))
    figures: dict[str, Any] = {"replaced_products": number}
    with running_process(data, threads=given.threads) as server, _channel(server.address) as channel:
        shop = Shop(channel, products, ())
        asked = stand_ins(matrix, _ASKED, chance)
        figures["by_vector_before"] = shop.by_vector(products, matrix, asked)
        figures["resident_mib_before"] = round(memory_mib(server.pid)[0], 1)
        matrix[:number] = stand_ins(matrix, number, chance)
        for start in range(0, number, BATCH):
            rows = range(start, min(start + BATCH, number))
            titled = [
                replace(products[row], title=f"{products[-1 - row].title} {products[row].id}") for row in rows
            ]
            request = shop.upserts(titled)
            for upsert, row in zip(request.upserts, rows, strict=True):
                upsert.embedding.extend(matrix[row].tolist())
            shop.upsert(request)
        asked = stand_ins(matrix, _ASKED, chance)
        figures["by_vector_after"] = shop.by_vector(products, matrix, asked)
        figures["resident_mib_after"] = round(memory_mib(server.pid)[0], 1)
    return figures


def _seen_after(shop: Shop) -> float:
    """Seconds from sending an upsert until a search that finds it is answered."""
    (product,) = shop.new(1)
    word = f"quux{product.id.replace('-', '')}"
    start = perf_counter()
    shop.upsert(shop.upserts([replace(product, title=f"{product.title} {word}")]))
    while product.id not in {result.product.id for result in shop.search(word, 5).results}:
        sleep(0)
    return perf_counter() - start


@contextmanager
def _writing(shop: Shop, rate: float) -> Iterator[None]:
    """Another caller makes `rate` new products a second meanwhile, ten at a time, texts embedded there."""
    stop = threading.Event()

    def write() -> None:
        due = perf_counter()
        while not stop.is_set():
            shop.upsert(shop.upserts(shop.new(10)))
            due += 10 / rate
            stop.wait(max(0.0, due - perf_counter()))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def _rate(change: Callable[[Made], None], requests: Sequence[Made]) -> float:
    """Changes a second in batches of `BATCH`, after the first, which warms up."""
    change(requests[0])
    start = perf_counter()
    for request in requests[1:]:
        change(request)
    return round((len(requests) - 1) * BATCH / (perf_counter() - start), 1)


def _encoder_rate(generation: Generation, products: Sequence[Product], given: argparse.Namespace) -> float:
    encoder = open_encoder(generation.part("encoder"), device="cpu", threads=given.threads)
    texts = [embedding_text(product) for product in products[: BATCH * (given.batches + 1)]]
    chunks = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]

    def encode(chunk: Sequence[str]) -> None:
        encoder.encode_products(chunk)

    return _rate(encode, chunks)


@contextmanager
def _channel(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address, options=[("grpc.max_send_message_length", -1)]) as channel:
        yield channel


@contextmanager
def _own_folder(data: Path) -> Iterator[Path]:
    """The generations and the pointer of a data folder, but none of its live changes."""
    with TemporaryDirectory(prefix="cartograph-live-") as folder:
        own = Path(folder)
        (own / "generations").symlink_to((data / "generations").resolve())
        shutil.copy(data / POINTER, own / POINTER)
        yield own


def _table(figures: dict[str, Any]) -> Table:
    shown = Table(title=f"Live changes of {figures['products']:,} products")
    shown.add_column("what")
    shown.add_column("figure", justify="right")
    for name, value in figures.items():
        if isinstance(value, dict):
            told = " / ".join(f"{value[each]:g}" for each in ("p50", "p99", "recall@10") if each in value)
        else:
            told = f"{value:,}"
        shown.add_row(name.replace("_", " "), told)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument(
        "--changes", type=int, default=10_000, help="live products in the end (default 10000)"
    )
    parser.add_argument("--batches", type=int, default=20, help="of 100, for each rate (default 20)")
    parser.add_argument("--replace", type=float, default=0.3, help="share of products replaced (default .3)")
    parser.add_argument(
        "--rate", type=float, default=50.0, help="changes a second beside searches (default 50)"
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="that searches are timed (default 8)")
    parser.add_argument("--threads", type=int, default=2, help="of the server (default 2)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    given = parser.parse_args()
    generation = DataFolder.open(given.data).open_active()
    with _own_folder(given.data) as own:
        figures = measure(own, generation, given)
        shutil.rmtree(own / "live", ignore_errors=True)
        figures |= replaced(own, generation, given)
    content = {**figures, "rate": given.rate, "batch": BATCH, "machine": machine()}
    keep_result("live", given.name, content)
    show_result(content, _table(figures), as_json=given.json)


if __name__ == "__main__":
    main()
