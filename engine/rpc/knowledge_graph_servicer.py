"""KnowledgeGraphService."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from structlog.contextvars import bind_contextvars

from cartograph.v1 import knowledge_graph_service_pb2, knowledge_graph_service_pb2_grpc
from engine.rpc import tracing
from engine.rpc.call import deadline_of
from engine.rpc.convert import graph, graph_requests
from engine.rpc.engine_api import SearchEngine


class KnowledgeGraphServicer(knowledge_graph_service_pb2_grpc.KnowledgeGraphServiceServicer):
    def __init__(self, engine: Callable[[], SearchEngine]) -> None:
        """`engine` is that of the call's collection, and raises NotServingError while there is none."""
        self._engine = engine

    def DescribeEntity(  # noqa: N802 (the contract's name)
        self,
        request: knowledge_graph_service_pb2.DescribeEntityRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> knowledge_graph_service_pb2.DescribeEntityResponse:
        found = self._engine().describe_entity(graph_requests.describe(request))
        bind_contextvars(generation=found.generation_id)
        return graph.description(found)

    def ListNeighbors(  # noqa: N802 (the contract's name)
        self,
        request: knowledge_graph_service_pb2.ListNeighborsRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> knowledge_graph_service_pb2.ListNeighborsResponse:
        found = self._engine().list_neighbours(graph_requests.neighbours(request))
        bind_contextvars(generation=found.generation_id)
        return graph.neighbour_page(found)

    def LinkEntities(  # noqa: N802 (the contract's name)
        self,
        request: knowledge_graph_service_pb2.LinkEntitiesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> knowledge_graph_service_pb2.LinkEntitiesResponse:
        tracing.asked("link entities", text=request.text)
        found = self._engine().link_entities(graph_requests.text(request))
        bind_contextvars(generation=found.generation_id)
        return graph.linked_text(found)

    def QueryGraph(  # noqa: N802 (the contract's name)
        self, request: knowledge_graph_service_pb2.QueryGraphRequest, context: grpc.ServicerContext
    ) -> knowledge_graph_service_pb2.QueryGraphResponse:
        tracing.asked("query graph", query=request.query)
        found = self._engine().query_graph(graph_requests.query(request), deadline_of(context))
        bind_contextvars(generation=found.generation_id)
        return graph.answer(found)
