"""CatalogService."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
from structlog.contextvars import bind_contextvars

from cartograph.v1 import catalog_service_pb2, catalog_service_pb2_grpc
from engine.live.changes import ChangeRequest
from engine.metrics import Metrics
from engine.rpc.call import deadline_of
from engine.rpc.convert import changes, products, requests, watching
from engine.rpc.engine_api import SearchEngine
from engine.rpc.following import Following
from engine.rpc.tenancy import current


class CatalogServicer(catalog_service_pb2_grpc.CatalogServiceServicer):
    def __init__(
        self, engine: Callable[[], SearchEngine], metrics: Metrics, following: Callable[[], Following]
    ) -> None:
        """`engine` and `following` are those of the collection that a call is for; `engine` raises
        NotServingError while there is none.
        """
        self._engine = engine
        self._metrics = metrics
        self._following = following

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

    def UpsertProducts(  # noqa: N802 (the contract's name)
        self, request: catalog_service_pb2.UpsertProductsRequest, context: grpc.ServicerContext
    ) -> catalog_service_pb2.UpsertProductsResponse:
        return catalog_service_pb2.UpsertProductsResponse(**self._change(changes.upserts(request), context))

    def PatchProducts(  # noqa: N802 (the contract's name)
        self, request: catalog_service_pb2.PatchProductsRequest, context: grpc.ServicerContext
    ) -> catalog_service_pb2.PatchProductsResponse:
        return catalog_service_pb2.PatchProductsResponse(**self._change(changes.patches(request), context))

    def DeleteProducts(  # noqa: N802 (the contract's name)
        self, request: catalog_service_pb2.DeleteProductsRequest, context: grpc.ServicerContext
    ) -> catalog_service_pb2.DeleteProductsResponse:
        return catalog_service_pb2.DeleteProductsResponse(**self._change(changes.deletions(request), context))

    def WatchChanges(  # noqa: N802 (the contract's name)
        self, request: catalog_service_pb2.WatchChangesRequest, context: grpc.ServicerContext
    ) -> Iterator[catalog_service_pb2.WatchChangesResponse]:
        start, sent, following = watching.position(request), 0, self._following()
        context.add_callback(following.wake)  # a thread whose caller goes waits no more
        for page in following.pages(start, deadline_of(context)):
            sent += len(page.changes)
            bind_contextvars(after=start.sequence, changes=sent)
            yield watching.page(page, embeddings=request.include_embeddings)

    def _change(self, request: ChangeRequest, context: grpc.ServicerContext) -> dict[str, Any]:
        result = self._engine().change_products(request, deadline_of(context))
        self._metrics.changes_finished(result, current())
        bind_contextvars(
            generation=result.generation_id,
            changes=sum(1 for outcome in result.outcomes if outcome.sequence),
            refused=sum(1 for outcome in result.outcomes if not outcome.sequence),
        )
        return changes.answer(result)
