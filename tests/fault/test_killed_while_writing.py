"""A server is killed while shops write: what it acknowledged is there when it is back, and nothing else is.

One kill here; CARTOGRAPH_KILLS=1000 for the long form.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import grpc
import numpy as np

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from tests.fault.report import Report
from tests.integration.calls import ask
from tests.integration.real_server import WAIT, RealServer, real_server

KILLS = int(os.environ.get("CARTOGRAPH_KILLS", "1"))
WRITERS = 3


@dataclass
class Writer:
    """Puts, changes and deletes products of its own. `there` are those that have to be there, by id, with
    their title; of `unsure` ones the last request was not answered.
    """

    name: str
    there: dict[str, str | None] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)
    acknowledged: int = 0

    def write(self, server: RealServer, chance: np.random.Generator, stop: threading.Event) -> None:
        while not stop.is_set():
            product_id = f"{self.name}-{chance.integers(8)}"
            title = None if chance.random() < 0.2 and self.there.get(product_id) else self._title(product_id)
            self.unsure.add(product_id)
            try:
                self._send(server, product_id, title)
            except grpc.RpcError:
                return
            self.there[product_id] = title
            self.acknowledged += 1
            self.unsure.discard(product_id)

    def _title(self, product_id: str) -> str:
        return f"Widget w{product_id.replace('-', '')}n{next(self.numbers)}"

    def _send(self, server: RealServer, product_id: str, title: str | None) -> None:
        if title is None:
            gone = catalog.DeleteProductsRequest(product_ids=[product_id])
            assert server.catalog.DeleteProducts(gone, timeout=WAIT).outcomes[0].sequence
            return
        product = product_pb2.Product(id=product_id, title=title)
        put = catalog.UpsertProductsRequest(upserts=[catalog.ProductUpsert(product=product)])
        assert server.catalog.UpsertProducts(put, timeout=WAIT).outcomes[0].sequence


def test_what_was_acknowledged_outlives_every_kill(tmp_path: Path, small_data: Path, report: Report) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "generations").symlink_to(small_data / "generations")
    (data / "current.json").write_bytes((small_data / "current.json").read_bytes())
    chance = np.random.default_rng(5)
    writers = [Writer(f"w{number}") for number in range(WRITERS)]
    for kill in range(KILLS + 1):
        folder = tmp_path / str(kill)
        folder.mkdir()
        with real_server(data, folder) as server:
            for writer in writers:
                _check(server, writer)
            if kill < KILLS:
                _write_until_killed(server, writers, chance)
    assert sum(len(writer.there) for writer in writers) >= WRITERS
    report(tried=KILLS, lost=0, acknowledged=sum(writer.acknowledged for writer in writers))


def _write_until_killed(server: RealServer, writers: list[Writer], chance: np.random.Generator) -> None:
    stop = threading.Event()
    threads = [
        threading.Thread(
            target=writer.write, args=(server, np.random.default_rng(chance.integers(1_000)), stop)
        )
        for writer in writers
    ]
    for thread in threads:
        thread.start()
    stop.wait(0.3 + chance.random())
    server.process.kill()
    server.process.wait(WAIT)
    for thread in threads:
        thread.join(WAIT)


def _check(server: RealServer, writer: Writer) -> None:
    """The catalogue has each product as it was acknowledged, and its words lead to it and to no older one."""
    for product_id, title in writer.there.items():
        if product_id in writer.unsure:
            continue
        found = _title_of(server, product_id)
        assert found == title
        if title is not None:
            word = title.split()[1]
            hits = ask(server, search.SearchProductsRequest(query=word, page_size=5)).results
            assert hits[0].product.id == product_id
            assert hits[0].product.title == title
    for product_id in writer.unsure:
        writer.there[product_id] = _title_of(server, product_id)
    writer.unsure.clear()


def _title_of(server: RealServer, product_id: str) -> str | None:
    try:
        answer = server.catalog.GetProduct(catalog.GetProductRequest(product_id=product_id), timeout=WAIT)
    except grpc.RpcError as error:
        if not isinstance(error, grpc.Call) or error.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        return None
    title: str = answer.product.title
    return title
