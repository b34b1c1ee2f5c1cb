"""CatalogService."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from structlog.contextvars import bind_contextvars

from cartograph.v1 import catalog_service_pb2, catalog_service_pb2_grpc
from engine.rpc.convert import products, requests
from engine.rpc.engine_api import SearchEngine


class CatalogServicer(catalog_service_pb2_grpc.CatalogServiceServicer):
    def __init__(self, engine: Callable[[], SearchEngine]) -> None:
        """`engine` raises NotServingError while there is none."""
        self._engine = engine

    def GetProduct(  # noqa: N802 (the contract's name)
        self,
        request: catalog_service_pb2.GetProductRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> catalog_service_pb2.GetProductResponse:
        product_id, view = requests.product(request)
        found, generation_id = self._engine().products([product_id])
        bind_contextvars(generation=generation_id)
        return catalog_service_pb2.GetProductResponse(
            product=products.product(found[0], view), generation_id=generation_id
        )

    def BatchGetProducts(  # noqa: N802 (the contract's name)
        self,
        request: catalog_service_pb2.BatchGetProductsRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> catalog_service_pb2.BatchGetProductsResponse:
        product_ids, view = requests.products(request)
        found, generation_id = self._engine().products(product_ids)
        bind_contextvars(generation=generation_id)
        return catalog_service_pb2.BatchGetProductsResponse(
            products=[products.product(product, view) for product in found], generation_id=generation_id
        )
