"""The graph while it is being gathered: nodes with the products that hang on them, and edges between them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from engine.text import normalise
from engine.types import EntityKind
from index_builder.graph.evidence import Evidence
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the statement that a product hangs on a node comes from (a named graph), and how sure it is, in
    (0, 1].
    """

    source: str
    confidence: float


@dataclass(slots=True)
class Node:
    """An entity to be. `rows` are products that state it, ascending, each once; `names` are the normalised
    texts it answers to, each with the confidence of reading it so, in (0, 1]; `spellings` counts how the
    catalogue writes it; `relation` is the readable name of the statement ("color"), `predicate` its term.
    """

    iri: str
    kind: EntityKind
    relation: str
    predicate: Term
    attribute: str = ""
    source: str = SourceGraph.CATALOGUE
    rows: list[int] = field(default_factory=list)
    spellings: Counter[str] = field(default_factory=Counter)
    names: dict[str, float] = field(default_factory=dict)
    origins: dict[int, Origin] = field(default_factory=dict)
    """Of rows whose statement is not as sure as, or not from where, the node itself is: `source` and 1.0."""

    def state(self, row: int, spelling: str) -> None:
        """One more product says so."""
        self.spellings[spelling] += 1
        if not self.rows or self.rows[-1] != row:
            self.rows.append(row)

    def answer_to(self, name: str, confidence: float) -> None:
        key = normalise(name)
        if key:
            self.names[key] = max(confidence, self.names.get(key, 0.0))

    @property
    def label(self) -> str:
        """The most frequent spelling, the first in order among equals."""
        if self.spellings:
            return min(self.spellings, key=lambda text: (-self.spellings[text], text))
        return min(self.names)


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A statement between two nodes, a node and a product, or two products. `source` is a named graph;
    `confidence` in (0, 1] takes no part in comparison.
    """

    subject: str
    predicate: Term
    object: str
    source: str
    confidence: float = field(default=1.0, compare=False)


@dataclass(slots=True)
class Draft:
    """Nodes by IRI and edges. `types` is the type node of each product, "" for none; `evidence` says which
    words of which text a statement was read from.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    types: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    def node(
        self,
        kind: EntityKind,
        *names: str,
        space: str = "",
        relation: str,
        predicate: Term,
        attribute: str = "",
    ) -> Node:
        """The node with this name, made when new. `space` is the part of the IRI that tells kinds apart."""
        iri = node_iri(space or kind.value, *names)
        found = self.nodes.get(iri)
        if found is None:
            found = self.nodes[iri] = Node(iri, kind, relation, predicate, attribute)
        return found

    def of_kind(self, kind: EntityKind) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind is kind]
