"""The contract's services on one channel."""

from __future__ import annotations

import grpc

from cartograph.v1 import (
    catalog_service_pb2_grpc,
    event_service_pb2_grpc,
    generation_service_pb2_grpc,
    knowledge_graph_service_pb2_grpc,
    search_service_pb2_grpc,
)


class Stubs:
    """For whatever holds a channel to a server."""

    channel: grpc.Channel

    @property
    def search(self) -> search_service_pb2_grpc.SearchServiceStub:
        return search_service_pb2_grpc.SearchServiceStub(self.channel)

    @property
    def catalog(self) -> catalog_service_pb2_grpc.CatalogServiceStub:
        return catalog_service_pb2_grpc.CatalogServiceStub(self.channel)

    @property
    def events(self) -> event_service_pb2_grpc.EventServiceStub:
        return event_service_pb2_grpc.EventServiceStub(self.channel)

    @property
    def generations(self) -> generation_service_pb2_grpc.GenerationServiceStub:
        return generation_service_pb2_grpc.GenerationServiceStub(self.channel)

    @property
    def graph(self) -> knowledge_graph_service_pb2_grpc.KnowledgeGraphServiceStub:
        return knowledge_graph_service_pb2_grpc.KnowledgeGraphServiceStub(self.channel)
