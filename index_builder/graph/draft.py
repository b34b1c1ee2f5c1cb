"""The graph while it is being gathered: nodes with the products that hang on them, and edges between them."""

from __future__ import annotations

from bisect import bisect_left
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
    further: dict[int, tuple[Origin, ...]] = field(default_factory=dict)
    """Of rows that more than one source states: the origins beside the first, one for each source."""

    def state(self, row: int, spelling: str) -> None:
        """One more product says so."""
        self.spellings[spelling] += 1
        if not self.rows or self.rows[-1] != row:
            self.rows.append(row)

    def hang(self, row: int, origin: Origin) -> None:
        """One more source says that this product hangs here; of what one source says twice, the surer counts.
        A later source never replaces the first: fusion weighs them.
        """
        place = bisect_left(self.rows, row)
        if place == len(self.rows) or self.rows[place] != row:
            self.rows.insert(place, row)
            self.origins[row] = origin
            return
        first, *others = known = self.origins_of(row)
        if origin.source not in {each.source for each in known}:
            self.further[row] = (*others, origin)
        elif origin.source == first.source:
            if origin.confidence > first.confidence:
                self.origins[row] = origin
        else:
            self.further[row] = tuple(
                max(each, origin, key=lambda one: one.confidence) if each.source == origin.source else each
                for each in others
            )

    def origins_of(self, row: int) -> tuple[Origin, ...]:
        """All sources of one of `rows`, the first told first."""
        first = self.origins.get(row) or Origin(self.source, 1.0)
        return (first, *self.further.get(row, ()))

    def drop(self, row: int) -> None:
        """The product no longer hangs here, whoever said so; a row that does not is no error."""
        place = bisect_left(self.rows, row)
        if place < len(self.rows) and self.rows[place] == row:
            del self.rows[place]
        self.origins.pop(row, None)
        self.further.pop(row, None)

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
    labels: dict[str, str] = field(default_factory=dict)
    """What to call things of which products are no statements, by IRI: product groups."""

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
