"""What each call of the contract needs. Scopes do not include one another: a key names all that it may do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Scope(StrEnum):
    """`search` asks, `write` changes products, `follow` copies the change log, `record` tells what shoppers
    do, `admin` says which generation serves and who is forgotten.
    """

    SEARCH = "search"
    WRITE = "write"
    FOLLOW = "follow"
    RECORD = "record"
    ADMIN = "admin"


EVERY_SCOPE = frozenset(Scope)

SCOPE_OF: Mapping[str, Scope] = MappingProxyType(
    {
        "/cartograph.v1.SearchService/SearchProducts": Scope.SEARCH,
        "/cartograph.v1.SearchService/BatchSearchProducts": Scope.SEARCH,
        "/cartograph.v1.SearchService/SearchByVector": Scope.SEARCH,
        "/cartograph.v1.SearchService/SuggestQueries": Scope.SEARCH,
        "/cartograph.v1.CatalogService/GetProduct": Scope.SEARCH,
        "/cartograph.v1.CatalogService/BatchGetProducts": Scope.SEARCH,
        "/cartograph.v1.CatalogService/UpsertProducts": Scope.WRITE,
        "/cartograph.v1.CatalogService/PatchProducts": Scope.WRITE,
        "/cartograph.v1.CatalogService/DeleteProducts": Scope.WRITE,
        "/cartograph.v1.CatalogService/WatchChanges": Scope.FOLLOW,
        "/cartograph.v1.EventService/RecordEvents": Scope.RECORD,
        "/cartograph.v1.EventService/ForgetShopper": Scope.ADMIN,
        "/cartograph.v1.KnowledgeGraphService/DescribeEntity": Scope.SEARCH,
        "/cartograph.v1.KnowledgeGraphService/ListNeighbors": Scope.SEARCH,
        "/cartograph.v1.KnowledgeGraphService/LinkEntities": Scope.SEARCH,
        "/cartograph.v1.KnowledgeGraphService/QueryGraph": Scope.SEARCH,
        "/cartograph.v1.GenerationService/ListGenerations": Scope.ADMIN,
        "/cartograph.v1.GenerationService/ActivateGeneration": Scope.ADMIN,
        "/cartograph.v1.GenerationService/RollBackGeneration": Scope.ADMIN,
        "/cartograph.v1.GenerationService/GetServingStatus": Scope.ADMIN,
    }
)
"""By gRPC's path. A test holds it against the contract, so that no call is forgotten."""


def scope_of(method: str) -> Scope:
    """A call that is not in the table needs the scope that the fewest have."""
    return SCOPE_OF.get(method, Scope.ADMIN)
