"""Who changes a server's products while it is tested, and knows what has to be there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from tests.integration.calls import ask, ids
from tests.integration.real_server import WAIT, RealServer

BRAND = "Quibble"
PRODUCTS = 12
PRINTER, GONE = "OFF-0001", "OFF-0002"
"""Of the catalogue that the shop began with: one gets another price again and again, one is deleted."""


def quibble(number: int, version: int) -> product_pb2.Product:
    return product_pb2.Product(
        id=f"Q-{number}",
        title=f"{BRAND} kettle {number} edition {version}",
        brand=BRAND,
        price=product_pb2.Money(currency_code="EUR", units=version + 1),
    )


@dataclass
class Writer:
    """Changes products of a server, and knows what was acknowledged: product ids with their price, None of
    one that is deleted.
    """

    server: RealServer
    expected: dict[str, int | None] = field(default_factory=dict)
    version: int = 0

    def write(self) -> None:
        """A product anew or deleted, and another price of the printer."""
        self.version += 1
        number, version = self.version % PRODUCTS, self.version
        if version % 5 == 4 and self.expected.get(f"Q-{number}") is not None:
            self.delete(f"Q-{number}")
        else:
            upsert = catalog.ProductUpsert(product=quibble(number, version))
            upserts = catalog.UpsertProductsRequest(upserts=[upsert])
            assert self.server.catalog.UpsertProducts(upserts, timeout=WAIT).outcomes[0].sequence
            self.expected[f"Q-{number}"] = version + 1
        price = product_pb2.Money(currency_code="EUR", units=version)
        patch = {
            "product": product_pb2.Product(id=PRINTER, price=price),
            "update_mask": {"paths": ["price"]},
        }
        patches = catalog.PatchProductsRequest(patches=[patch])
        assert self.server.catalog.PatchProducts(patches, timeout=WAIT).outcomes[0].sequence
        self.expected[PRINTER] = version

    def delete(self, product_id: str) -> None:
        request = catalog.DeleteProductsRequest(product_ids=[product_id])
        assert self.server.catalog.DeleteProducts(request, timeout=WAIT).outcomes[0].sequence
        self.expected[product_id] = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """On and on, beside what is done meanwhile."""
        done = threading.Event()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                while not done.wait(0.02):
                    self.write()
            except BaseException as error:  # told below, in the thread that looks
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(WAIT)
        assert failures == []

    def check(self, server: RealServer) -> None:
        """Every product is as it was acknowledged last, and is found once."""
        for product_id, price in self.expected.items():
            assert price_of(server, product_id) == price, product_id
        alive = sorted(each for each, price in self.expected.items() if price and each.startswith("Q-"))
        for filter_ in (f'brand = "{BRAND}"', f'brand = "{BRAND}" AND price > 0'):
            request = search.SearchProductsRequest(query=f"{BRAND} kettle", page_size=50, filter=filter_)
            answer = ask(server, request)
            assert sorted(ids(answer)) == alive
            assert {hit.product.id: hit.product.price.units for hit in answer.results} == {
                each: self.expected[each] for each in alive
            }


def price_of(server: RealServer, product_id: str) -> int | None:
    """None where there is no such product."""
    try:
        answer = server.catalog.GetProduct(catalog.GetProductRequest(product_id=product_id), timeout=WAIT)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise
    return int(answer.product.price.units)
