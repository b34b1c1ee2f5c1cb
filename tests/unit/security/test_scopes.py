"""What each call needs."""

import pytest

from cartograph.v1 import (
    catalog_service_pb2,
    event_service_pb2,
    generation_service_pb2,
    knowledge_graph_service_pb2,
    search_service_pb2,
)
from engine.rpc.server import SERVICES
from engine.security.scopes import SCOPE_OF, Scope, scope_of

MODULES = (
    catalog_service_pb2,
    event_service_pb2,
    generation_service_pb2,
    knowledge_graph_service_pb2,
    search_service_pb2,
)
CALLS = {
    f"/{service.full_name}/{method.name}": service.name
    for module in MODULES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
OTHERS = {
    "UpsertProducts": Scope.WRITE,
    "PatchProducts": Scope.WRITE,
    "DeleteProducts": Scope.WRITE,
    "WatchChanges": Scope.FOLLOW,
    "RecordEvents": Scope.RECORD,
}
BY_SERVICE = {
    "SearchService": Scope.SEARCH,
    "CatalogService": Scope.SEARCH,
    "KnowledgeGraphService": Scope.SEARCH,
    "GenerationService": Scope.ADMIN,
    "EventService": Scope.ADMIN,
}


def test_the_table_holds_every_call_of_the_contract_and_nothing_else() -> None:
    assert set(SCOPE_OF) == set(CALLS)
    assert {call.split("/")[1] for call in CALLS} == set(SERVICES)


@pytest.mark.parametrize(("call", "service"), CALLS.items())
def test_asking_needs_search_and_generations_need_admin_and_changes_their_own(
    call: str, service: str
) -> None:
    assert scope_of(call) is OTHERS.get(call.rpartition("/")[2], BY_SERVICE[service])


def test_a_call_that_nobody_thought_of_needs_admin() -> None:
    assert scope_of("/cartograph.v1.SearchService/EraseEverything") is Scope.ADMIN
