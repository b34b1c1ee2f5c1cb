"""What grpcurl does: learn the contract from the server alone, then call it."""

from __future__ import annotations

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, running


def test_reflection_lists_the_services() -> None:
    with running(FakeEngine()) as server:
        names = ProtoReflectionDescriptorDatabase(server.channel).get_services()

    assert set(names) == {
        "cartograph.v1.SearchService",
        "cartograph.v1.CatalogService",
        "cartograph.v1.GenerationService",
        "cartograph.v1.KnowledgeGraphService",
        "cartograph.v1.EventService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


def test_a_client_made_from_reflection_alone_can_search() -> None:
    with running(FakeEngine()) as server:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(server.channel))
        method = pool.FindServiceByName("cartograph.v1.SearchService").FindMethodByName("SearchProducts")
        request = GetMessageClass(method.input_type)()
        request.query = "garden chair"  # type: ignore[attr-defined]  # known to the server alone
        call = server.channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        answer = call(request, timeout=WAIT)

    assert isinstance(call, grpc.UnaryUnaryMultiCallable)
    assert [result.product.title for result in answer.results] == ["Garden chair"]
