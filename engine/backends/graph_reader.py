"""The graph as people read it: statements with sources and confidences, out of all that a build keeps."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode

from engine.backends.graph_edges import GraphEdges, StoredEdge
from engine.backends.graph_evidence import EvidenceLine, GraphEvidence
from engine.backends.knowledge_graph import OxigraphKnowledgeGraph
from engine.graph_values import NameOf, Statement, Term, TermKind
from engine.text import tokens
from engine.types import Entity, FloatArray, RowArray

_LABELS = tuple(
    NamedNode(iri)
    for iri in (
        "http://www.w3.org/2004/02/skos/core#prefLabel",
        "http://www.w3.org/2000/01/rdf-schema#label",
        "https://schema.org/name",
    )
)
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_BETWEEN_ENTITIES = tuple(NamedNode(f"{_SKOS}{name}") for name in ("broader", "exactMatch", "closeMatch"))
_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_MAX_BETWEEN = 100


class GraphReader:
    """Of one generation. Read-only and safe to share between threads. Whatever reads the store raises
    DamagedGenerationError when that turns out to be damaged.
    """

    def __init__(self, graph: OxigraphKnowledgeGraph, edges: GraphEdges, evidence: GraphEvidence) -> None:
        self._graph, self._edges, self._evidence = graph, edges, evidence
        self._lock = threading.Lock()
        self._named: dict[str, list[tuple[int, float]]] | None = None

    @classmethod
    def open(cls, graph: OxigraphKnowledgeGraph, folder: Path) -> GraphReader:
        """Beside a graph that was opened from `folder`. Raises DamagedGenerationError."""
        return cls(graph, GraphEdges.open(folder), GraphEvidence.open(folder))

    def place(self, iri: str) -> int | None:
        """Of an entity; None for an IRI that names none."""
        return self._graph.place(iri)

    def entity(self, place: int) -> Entity:
        return self._graph.entities[place]

    def names(self, place: int) -> list[NameOf]:
        """The surest first."""
        return [NameOf(name.text, name.confidence) for name in self._graph.names_at(place)]

    def relation(self, place: int) -> str:
        """How products are tied to the entity."""
        return self._graph.tables.relations[place]

    def named(self, text: str) -> list[int]:
        """Places of entities that answer to a text, the surest and then those with most products first."""
        found = self._by_words().get(" ".join(tokens(text)), ())
        entities = self._graph.entities
        order = sorted((-sure, -entities[place].product_count, place) for place, sure in found)
        return [place for _, _, place in order]

    def hanging(self, place: int) -> tuple[RowArray, FloatArray]:
        """Rows of products on the entity or a narrower one, ascending, and how sure each is."""
        tables = self._graph.tables
        return tables.products(place), tables.confidences_of(place)

    def evidence(self, row: int) -> list[EvidenceLine]:
        return self._evidence.of_product(row)

    def known(self, iri: str) -> bool:
        """Whether any statement begins or ends at it; False for what is no IRI."""
        try:
            node = NamedNode(iri)
        except ValueError:
            return False
        patterns = ((node, None), (None, node))
        stored = any(
            next(iter(self._graph.quads(subject, None, thing)), None) is not None
            for subject, thing in patterns
        )
        return stored or bool(self._edges.starting_at(iri, 1) or self._edges.ending_at(iri, 1))

    def starting_at(self, iri: str, limit: int) -> list[Statement]:
        """At most `limit` statements with this subject, by predicate, object and source."""
        quads = self._graph.quads(NamedNode(iri), None, None)
        edges = self._edges.starting_at(iri, limit)
        return _merged(islice((_statement(quad) for quad in quads), limit), edges, limit)

    def ending_at(self, iri: str, limit: int, *, predicate: str = "", without: str = "") -> list[Statement]:
        """At most `limit` of the statements with this object, or those of them with one predicate, by
        predicate, subject and source; never of rdf:type, which would list every product.

        Those of the store whose subject begins like `without`, when that is not empty, are passed over, but
        count: of a node with more, those of the predicates between entities are read first.
        """
        node = NamedNode(iri)
        firsts = (NamedNode(predicate),) if predicate else (*_BETWEEN_ENTITIES, None)
        kept = (
            _statement(quad)
            for first in firsts
            for quad in islice(self._graph.quads(None, first, node), limit)
            if quad.predicate != _TYPE and not (without and _value(quad.subject).startswith(without))
        )
        edges = [each for each in self._edges.ending_at(iri, limit) if predicate in ("", each.predicate)]
        return _merged(kept, edges, limit)

    def between(self, subject: str, target: str) -> list[Statement]:
        """Statements that tie two nodes, by predicate and source."""
        quads = self._graph.quads(NamedNode(subject), None, NamedNode(target))
        return _merged((_statement(quad) for quad in quads), (), _MAX_BETWEEN)

    def label(self, iri: str) -> str:
        """The first of its preferred labels and names, by label and language; "" where it has none."""
        for predicate in _LABELS:
            texts = [quad.object for quad in self._graph.quads(NamedNode(iri), predicate, None)]
            found = sorted((each.language or "", each.value) for each in texts if isinstance(each, Literal))
            if found:
                return found[0][1]
        return ""

    def _by_words(self) -> dict[str, list[tuple[int, float]]]:
        """Entities by the words of their names; made when first asked for."""
        with self._lock:
            if self._named is None:
                named: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
                for name in self._graph.tables.names:
                    named[name.words].append((name.entity, name.confidence))
                self._named = dict(named)
            return self._named


def _statement(quad: pyoxigraph.Quad) -> Statement:
    source = quad.graph_name
    return Statement(
        _value(quad.subject),
        quad.predicate.value,
        _term(quad.object),
        source.value if isinstance(source, NamedNode) else "",
    )


def _value(node: object) -> str:
    """Of an IRI or blank node; "" for a triple."""
    return str(getattr(node, "value", ""))


def _term(term: object) -> Term:
    if isinstance(term, NamedNode):
        return Term(TermKind.IRI, term.value)
    if isinstance(term, Literal):
        return Term(TermKind.LITERAL, term.value, term.language or "", term.datatype.value)
    if isinstance(term, BlankNode):
        return Term(TermKind.BLANK_NODE, term.value)
    return Term(TermKind.TRIPLE, str(term))


def _merged(quads: Iterable[Statement], edges: Sequence[StoredEdge], limit: int) -> list[Statement]:
    """Each statement once, with the confidence of its edge where it has one."""
    found = {_key(each): each for each in (*quads, *_of_edges(edges))}
    return [found[key] for key in sorted(found)[:limit]]


def _of_edges(edges: Iterable[StoredEdge]) -> Iterator[Statement]:
    for edge in edges:
        thing = Term(TermKind.IRI, edge.object)
        yield Statement(edge.subject, edge.predicate, thing, edge.source, edge.confidence)


def _key(statement: Statement) -> tuple[str, str, str, str, str]:
    thing = statement.object
    return statement.predicate, statement.subject, thing.value, thing.language, statement.source
