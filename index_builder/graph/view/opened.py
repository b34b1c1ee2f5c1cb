"""A generation's graph, opened for looking at it: statements, tables, catalogue and evidence as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph

from engine.backends.catalog import Catalog
from engine.backends.graph_reader import GraphReader
from engine.backends.graph_tables import GraphTables
from engine.backends.knowledge_graph import OxigraphKnowledgeGraph
from engine.browsing.describe import text_evidence
from engine.browsing.nodes import Nodes
from engine.generation import Generation
from engine.graph_values import (
    GraphNode,
    Statement,
    Term,
    TermKind,
    TextEvidence,
)
from index_builder.graph.view.terms import joins_things

MAX_AROUND = 50_000
"""Statements that are read around one node, of each direction, where all of them count."""


@dataclass(frozen=True, slots=True, order=True)
class Tie:
    """A statement between two nodes, which are IRIs; `confidence` is in (0, 1]."""

    subject: str
    predicate: str
    object: str
    source: str
    confidence: float = field(compare=False)

    def other(self, iri: str) -> str:
        """The node at the end that `iri` is not."""
        return self.object if self.subject == iri else self.subject


@dataclass(frozen=True, slots=True)
class Link:
    """A statement between two nodes as it is shown. `evidence` are the words that it was read from, () for
    what is stated outright.
    """

    subject: GraphNode
    relation: str
    object: GraphNode
    predicate: str
    source: str
    confidence: float
    evidence: tuple[TextEvidence, ...] = ()


class OpenedGraph:
    """Read-only. Every list it gives is in the same order each time."""

    def __init__(
        self,
        generation_id: str,
        folder: Path,
        graph: OxigraphKnowledgeGraph,
        reader: GraphReader,
        catalog: Catalog,
    ) -> None:
        self.generation_id = generation_id
        self.folder = folder
        self.reader = reader
        self.catalog = catalog
        self.nodes = Nodes(reader, catalog)
        self._graph = graph

    @classmethod
    def open(cls, generation: Generation) -> OpenedGraph:
        """Raises DamagedGenerationError naming what cannot be read."""
        folder = generation.part("graph")
        graph = OxigraphKnowledgeGraph.open(folder)
        catalog = Catalog.open(generation.part("catalog"))
        return cls(generation.id, folder, graph, GraphReader.open(graph, folder), catalog)

    @property
    def store(self) -> pyoxigraph.Store:
        return self._graph.store

    @property
    def tables(self) -> GraphTables:
        return self._graph.tables

    def outgoing(self, iri: str, limit: int) -> list[Tie]:
        """The first `limit` statements that begin at it and end at another node, in order."""
        return sorted(set(_ties(self.reader.starting_at(iri, limit))))

    def incoming(self, iri: str, limit: int) -> list[Tie]:
        """The first `limit` statements that end at it, in order."""
        return sorted(set(_ties(self.reader.ending_at(iri, limit))))

    def ties(self, iri: str, limit: int) -> list[Tie]:
        """At most `limit` of either direction."""
        return sorted({*self.outgoing(iri, limit), *self.incoming(iri, limit)})

    def relation(self, tie: Tie) -> str:
        """Readable, as seen from the subject; an attribute's own name for its values."""
        return self.nodes.relation(_statement(tie), outgoing=True)

    def confidence(self, tie: Tie) -> float:
        return self.nodes.confidence(_statement(tie))

    def link(self, tie: Tie) -> Link:
        """With labels, and the words that it was read from."""
        return Link(
            self.nodes.node(tie.subject),
            self.relation(tie),
            self.nodes.node(tie.object),
            tie.predicate,
            tie.source,
            self.confidence(tie),
            self.evidence(tie.subject).get(tie.object, ()),
        )

    def evidence(self, iri: str) -> dict[str, tuple[TextEvidence, ...]]:
        """What was read in a product's texts, by the entity that it names; {} for what is no product."""
        row = self.nodes.row(iri)
        lines = [] if row is None else self.reader.evidence(row)
        if row is None or not lines:
            return {}
        product = self.catalog.product(row)
        found: defaultdict[str, list[TextEvidence]] = defaultdict(list)
        for line in lines:
            found[self.reader.entity(line.entity).iri].append(text_evidence(line, product))
        return {entity: tuple(read) for entity, read in found.items()}


def _statement(tie: Tie) -> Statement:
    return Statement(tie.subject, tie.predicate, Term(TermKind.IRI, tie.object), tie.source, tie.confidence)


def _ties(statements: Iterable[Statement]) -> Iterator[Tie]:
    for each in statements:
        if each.object.kind is TermKind.IRI and joins_things(each.predicate):
            yield Tie(each.subject, each.predicate, each.object.value, each.source, each.confidence)
