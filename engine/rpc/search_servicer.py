"""SearchService."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from structlog.contextvars import bind_contextvars

from cartograph.v1 import search_service_pb2, search_service_pb2_grpc
from engine.metrics import Metrics
from engine.rpc import tracing
from engine.rpc.call import deadline_of
from engine.rpc.convert import requests, results
from engine.rpc.engine_api import SearchEngine


class SearchServicer(search_service_pb2_grpc.SearchServiceServicer):
    def __init__(self, engine: Callable[[], SearchEngine], metrics: Metrics) -> None:
        """`engine` is that of the call's collection, and raises NotServingError while there is none."""
        self._engine = engine
        self._metrics = metrics

    def SearchProducts(  # noqa: N802 (the contract's name)
        self, request: search_service_pb2.SearchProductsRequest, context: grpc.ServicerContext
    ) -> search_service_pb2.SearchProductsResponse:
        asked = requests.search(request)
        tracing.asked("search", query=request.query, filter=request.filter)
        result = self._engine().search(asked.request, deadline_of(context))
        self._metrics.search_finished(result)
        bind_contextvars(generation=result.generation_id, cached=result.cached)
        return results.response(result, asked.view)

    def BatchSearchProducts(  # noqa: N802 (the contract's name)
        self, request: search_service_pb2.BatchSearchProductsRequest, context: grpc.ServicerContext
    ) -> search_service_pb2.BatchSearchProductsResponse:
        asked = requests.batch(request)
        tracing.asked("search batch", queries=[one.request.query for one in asked])
        found = self._engine().search_batch([one.request for one in asked], deadline_of(context))
        for result in found:
            self._metrics.search_finished(result)
        bind_contextvars(generation=found[0].generation_id, searches=len(found))
        return search_service_pb2.BatchSearchProductsResponse(
            responses=[results.response(result, one.view) for result, one in zip(found, asked, strict=True)]
        )

    def SearchByVector(  # noqa: N802 (the contract's name)
        self, request: search_service_pb2.SearchByVectorRequest, context: grpc.ServicerContext
    ) -> search_service_pb2.SearchByVectorResponse:
        asked, view = requests.by_vector(request)
        result = self._engine().search_by_vector(asked, deadline_of(context))
        bind_contextvars(generation=result.generation_id)
        return search_service_pb2.SearchByVectorResponse(
            results=[results.hit(found, view) for found in result.hits], generation_id=result.generation_id
        )

    def SuggestQueries(  # noqa: N802 (the contract's name)
        self,
        request: search_service_pb2.SuggestQueriesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> search_service_pb2.SuggestQueriesResponse:
        prefix, limit = requests.suggest(request)
        tracing.asked("suggest", prefix=prefix)
        found, generation_id = self._engine().suggest(prefix, limit)
        bind_contextvars(generation=generation_id)
        return results.suggestions(found, generation_id)
