"""Reads the requests of KnowledgeGraphService."""

from __future__ import annotations

from cartograph.v1 import knowledge_graph_service_pb2 as pb
from engine.errors import InvalidArgumentError
from engine.graph_values import DescribeRequest, GraphQuery, NeighboursRequest
from engine.rpc.convert import bounds
from engine.rpc.convert.bounds import MAX_TOKEN, count, enumerated

MAX_IRI, MAX_NAME, MAX_KIND, MAX_RELATION, MAX_SPARQL = 2_000, 1_000, 200, 200, 10_000
"""In characters."""
DEFAULT_SAMPLE, MAX_SAMPLE = 5, 50
DEFAULT_PAGE, MAX_PAGE = 20, 100
DEFAULT_ROWS, MAX_ROWS = 1_000, 10_000

_OUTGOING: dict[int, bool | None] = {
    pb.DIRECTION_UNSPECIFIED: None,
    pb.DIRECTION_OUTGOING: True,
    pb.DIRECTION_INCOMING: False,
}


def describe(message: pb.DescribeEntityRequest) -> DescribeRequest:
    named = message.WhichOneof("subject")
    if named is None:
        raise InvalidArgumentError("entity_id", "Neither entity_id nor name is set; name an entity.")
    return DescribeRequest(
        iri=_text("entity_id", message.entity_id, MAX_IRI) if named == "entity_id" else "",
        name=_text("name", message.name, MAX_NAME) if named == "name" else "",
        kind=bounds.text("kind", message.kind, most=MAX_KIND),
        sample=count(
            "product_sample_size", message.product_sample_size, default=DEFAULT_SAMPLE, most=MAX_SAMPLE
        ),
    )


def neighbours(message: pb.ListNeighborsRequest) -> NeighboursRequest:
    direction = enumerated("direction", message.direction, len(_OUTGOING))
    return NeighboursRequest(
        iri=_text("entity_id", message.entity_id, MAX_IRI),
        relation=_text("relation", message.relation, MAX_RELATION) if message.relation else "",
        outgoing=_OUTGOING[direction],
        page_size=count("page_size", message.page_size, default=DEFAULT_PAGE, most=MAX_PAGE),
        page_token=bounds.text("page_token", message.page_token, most=MAX_TOKEN),
    )


def text(message: pb.LinkEntitiesRequest) -> str:
    """Its bounds are those of a search's query and checked with them."""
    return message.text


def query(message: pb.QueryGraphRequest) -> GraphQuery:
    return GraphQuery(
        text=_text("query", message.query, MAX_SPARQL, strip=False),
        max_rows=count("max_rows", message.max_rows, default=DEFAULT_ROWS, most=MAX_ROWS),
    )


def _text(field: str, value: str, most: int, *, strip: bool = True) -> str:
    """Raises InvalidArgumentError when it is blank or longer than `most` characters."""
    stripped = value.strip()
    if not stripped:
        raise InvalidArgumentError(field, f"{field} is empty; 1 to {most:,} characters are wanted.")
    bounds.text(field, stripped, most=most)
    return stripped if strip else value
