"""Writes the answers of KnowledgeGraphService."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from google.protobuf.duration_pb2 import Duration

from cartograph.v1 import knowledge_graph_service_pb2 as pb
from cartograph.v1 import search_service_pb2
from engine.browsing.nodes import of_entity
from engine.graph_values import (
    DescribedStatement,
    Description,
    GraphAnswer,
    GraphNode,
    LinkedText,
    Neighbour,
    NeighbourPage,
    Solutions,
    Term,
    TermKind,
    TextEvidence,
    Triples,
)
from engine.rpc.convert.products import NANOS
from engine.types import EntityLink


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
