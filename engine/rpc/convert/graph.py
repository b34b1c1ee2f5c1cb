"""Reads the requests of KnowledgeGraphService and writes its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from google.protobuf.duration_pb2 import Duration

from cartograph.v1 import knowledge_graph_service_pb2 as pb
from cartograph.v1 import search_service_pb2
from engine.browsing.nodes import of_entity
from engine.errors import InvalidArgumentError
from engine.graph_values import (
    DescribedStatement,
    DescribeRequest,
    Description,
    GraphAnswer,
    GraphNode,
    GraphQuery,
    LinkedText,
    Neighbour,
    NeighbourPage,
    NeighboursRequest,
    Solutions,
    Term,
    TermKind,
    TextEvidence,
    Triples,
)
from engine.rpc.convert.bounds import count, enumerated
from engine.rpc.convert.products import NANOS
from engine.types import EntityLink

MAX_IRI, MAX_NAME, MAX_RELATION, MAX_SPARQL = 2_000, 1_000, 200, 10_000
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
        kind=message.kind,
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
        page_token=message.page_token,
    )


def text(message: pb.LinkEntitiesRequest) -> str:
    """Its bounds are those of a search's query and checked with them."""
    return message.text


def query(message: pb.QueryGraphRequest) -> GraphQuery:
    return GraphQuery(
        text=_text("query", message.query, MAX_SPARQL, strip=False),
        max_rows=count("max_rows", message.max_rows, default=DEFAULT_ROWS, most=MAX_ROWS),
    )


def description(value: Description) -> pb.DescribeEntityResponse:
    return pb.DescribeEntityResponse(
        entity=node(value.node),
        names=[pb.EntityName(text=each.text, confidence=each.confidence) for each in value.names],
        relation=value.relation,
        broader_entities=map(node, value.broader),
        narrower_entities=map(node, value.narrower),
        statement_groups=_groups(value.statements),
        product_statements=map(statement, value.products),
        other_entities=map(node, value.others),
        generation_id=value.generation_id,
    )


def neighbour_page(value: NeighbourPage) -> pb.ListNeighborsResponse:
    return pb.ListNeighborsResponse(
        neighbors=map(neighbour, value.neighbours),
        next_page_token=value.next_page_token,
        total_size=value.total_size,
        generation_id=value.generation_id,
    )


def linked_text(value: LinkedText) -> pb.LinkEntitiesResponse:
    return pb.LinkEntitiesResponse(
        spans=_spans(value.links),
        corrections=[
            search_service_pb2.QueryCorrection(written=written, read_as=read_as)
            for written, read_as in value.corrections
        ],
        tokens=value.tokens,
        generation_id=value.generation_id,
    )


def answer(value: GraphAnswer) -> pb.QueryGraphResponse:
    seconds, nanos = divmod(round(value.seconds * NANOS), NANOS)
    message = pb.QueryGraphResponse(
        elapsed_duration=Duration(seconds=seconds, nanos=nanos), generation_id=value.generation_id
    )
    found = value.answer
    if isinstance(found, Solutions):
        rows = (pb.RdfRow(terms=[term(each) for each in row]) for row in found.rows)
        message.table.CopyFrom(pb.RdfTable(variables=found.variables, rows=rows))
    elif isinstance(found, Triples):
        triples = (
            pb.RdfTriple(subject=term(subject), predicate=term(predicate), object=term(thing))
            for subject, predicate, thing in found.rows
        )
        message.triples.CopyFrom(pb.RdfTriples(triples=triples))
    else:
        message.boolean = found
    return message


def node(value: GraphNode) -> pb.GraphNode:
    return pb.GraphNode(
        id=value.iri,
        label=value.label,
        kind=value.kind,
        attribute=value.attribute,
        product_count=value.product_count,
        product_id=value.product_id,
    )


def statement(value: DescribedStatement) -> pb.GraphStatement:
    target = value.target
    return pb.GraphStatement(
        relation=value.relation,
        predicate_id=value.predicate,
        node=node(target) if isinstance(target, GraphNode) else None,
        literal=literal(target) if isinstance(target, Term) else None,
        source=value.source,
        confidence=value.confidence,
        evidence=map(text_evidence, value.evidence),
    )


def text_evidence(value: TextEvidence) -> pb.TextEvidence:
    return pb.TextEvidence(
        field=value.field,
        start_offset=value.start,
        end_offset=value.end,
        text=value.text,
        label=value.label,
        extractor=value.extractor,
        confidence=value.confidence,
        relation=value.relation,
    )


def neighbour(value: Neighbour) -> pb.GraphNeighbor:
    return pb.GraphNeighbor(
        node=node(value.node),
        relation=value.relation,
        direction=pb.DIRECTION_OUTGOING if value.outgoing else pb.DIRECTION_INCOMING,
        source=value.source,
        confidence=value.confidence,
    )


def term(value: Term | None) -> pb.RdfTerm:
    if value is None:
        return pb.RdfTerm()
    match value.kind:
        case TermKind.IRI:
            return pb.RdfTerm(iri=value.value)
        case TermKind.BLANK_NODE:
            return pb.RdfTerm(blank_node=value.value)
        case TermKind.TRIPLE:
            return pb.RdfTerm(quoted_triple=value.value)
        case TermKind.LITERAL:
            return pb.RdfTerm(literal=literal(value))


def literal(value: Term) -> pb.RdfLiteral:
    return pb.RdfLiteral(value=value.value, language=value.language, datatype_id=value.datatype)


def _groups(statements: Iterable[DescribedStatement]) -> Iterator[pb.StatementGroup]:
    for relation, group in groupby(statements, key=lambda each: each.relation):
        yield pb.StatementGroup(relation=relation, statements=map(statement, group))


def _spans(links: Iterable[EntityLink]) -> Iterator[pb.LinkedSpan]:
    """Links of one span stand together, the surest first."""
    for (start, end, text), senses in groupby(links, key=lambda link: (link.start, link.end, link.text)):
        meant = (
            pb.EntitySense(entity=node(of_entity(sense.entity)), confidence=sense.confidence)
            for sense in senses
        )
        yield pb.LinkedSpan(start_token=start, end_token=end, text=text, senses=meant)


def _text(field: str, value: str, most: int, *, strip: bool = True) -> str:
    """Raises InvalidArgumentError when it is blank or longer than `most` characters."""
    text = value.strip()
    if not text:
        raise InvalidArgumentError(field, f"{field} is empty; 1 to {most:,} characters are wanted.")
    if len(text) > most:
        raise InvalidArgumentError(
            field, f"{field} has {len(text):,} characters; {most:,} are the most.", length=len(text)
        )
    return text if strip else value
