"""A shop that changes the products of a running server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import grpc
import numpy as np

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import catalog_service_pb2_grpc, product_pb2, search_service_pb2_grpc
from cartograph.v1 import search_service_pb2 as search
from engine.rpc.convert.products import View
from engine.rpc.convert.products import product as message_of
from engine.types import FloatArray, Product, ProductId


class Shop:
    """A server on a channel, and products that it does not have yet: copies of its own under other ids and
    with another word in the title.
    """

    def __init__(self, channel: grpc.Channel, products: Sequence[Product], queries: Sequence[str]) -> None:
        self.catalog = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        self._search = search_service_pb2_grpc.SearchServiceStub(channel)
        self._products = products
        self._queries = queries
        self.made = 0

    def new(self, number: int) -> list[Product]:
        first, self.made = self.made, self.made + number
        found = []
        for place in range(first, self.made):
            product = self._products[place % len(self._products)]
            title = f"{product.title} n{place}"
            found.append(replace(product, id=ProductId(f"live-{place}"), title=title))
        return found

    def upserts(self, products: Sequence[Product], dimension: int = 0) -> catalog.UpsertProductsRequest:
        """With made-up embeddings of that dimension; 0 lets the server make them."""
        chance = np.random.default_rng(self.made)
        return catalog.UpsertProductsRequest(
            upserts=[
                catalog.ProductUpsert(
                    product=message_of(product, View.FULL), embedding=chance.standard_normal(dimension)
                )
                for product in products
            ]
        )

    def upsert(self, request: catalog.UpsertProductsRequest) -> None:
        self._taken(self.catalog.UpsertProducts(request).outcomes)

    def prices(self, products: Sequence[Product], units: int) -> catalog.PatchProductsRequest:
        price = product_pb2.Money(currency_code="EUR", units=units)
        return catalog.PatchProductsRequest(
            patches=[
                {"product": product_pb2.Product(id=each.id, price=price), "update_mask": {"paths": ["price"]}}
                for each in products
            ]
        )

    def patch(self, request: catalog.PatchProductsRequest) -> None:
        self._taken(self.catalog.PatchProducts(request).outcomes)

    def search(self, query: str, page_size: int = 20) -> search.SearchProductsResponse:
        request = search.SearchProductsRequest(query=query, page_size=page_size, skip_cache=True)
        request.rerank_spec.mode = search.RerankSpec.MODE_DISABLED
        answer: search.SearchProductsResponse = self._search.SearchProducts(request)
        return answer

    def by_vector(
        self, products: Sequence[Product], matrix: FloatArray, asked: FloatArray
    ) -> dict[str, float]:
        """Recall@10 against exact search in `matrix`, whose rows are `products`; milliseconds."""
        row_of = {product.id: row for row, product in enumerate(products)}
        taken, right = [], []
        for vector in asked:
            request = search.SearchByVectorRequest(
                vector=vector, page_size=10, view=product_pb2.PRODUCT_VIEW_ID
            )
            start = perf_counter()
            results = self._search.SearchByVector(request).results
            taken.append(perf_counter() - start)
            cosines = matrix @ vector
            floor = np.partition(cosines, -10)[-10]
            right.append(sum(cosines[row_of[each.product.id]] >= floor - 1e-6 for each in results) / 10)
        return {**milliseconds(taken), "recall@10": round(float(np.mean(right)), 4)}

    def searches(self, seconds: float) -> list[float]:
        """Seconds of each search, one after the other."""
        taken: list[float] = []
        end = perf_counter() + seconds
        while (start := perf_counter()) < end:
            self.search(self._queries[len(taken) % len(self._queries)])
            taken.append(perf_counter() - start)
        return taken

    def _taken(self, outcomes: Sequence[catalog.ChangeOutcome]) -> None:
        refused = next((each for each in outcomes if not each.sequence), None)
        if refused is not None:
            raise RuntimeError(f"{refused.product_id} was refused: {refused.message}")


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """The median, the 99th percentile, and of how many."""
    p50, p99 = np.percentile(np.array(seconds) * 1e3, (50, 99)).round(2).tolist()
    return {"p50": p50, "p99": p99, "count": len(seconds)}
