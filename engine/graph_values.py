"""What is asked of the knowledge graph by people and tools, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.types import EntityLink


class TermKind(StrEnum):
    IRI = "iri"
    BLANK_NODE = "blank_node"
    LITERAL = "literal"
    TRIPLE = "triple"
    """A triple as a term, in N-Triples syntax."""


@dataclass(frozen=True, slots=True)
class Term:
    """A node or value of RDF. `datatype` is an IRI and set for literals only, as is `language`."""

    kind: TermKind
    value: str
    language: str = ""
    datatype: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """`subject` and `predicate` are IRIs, `source` is a named graph; `confidence` is in (0, 1]."""

    subject: str
    predicate: str
    object: Term
    source: str
    confidence: float = 1.0


class NodeKind(StrEnum):
    """What a node is that is no entity; entities have `engine.types.EntityKind`."""

    PRODUCT = "product"
    CONCEPT = "concept"
    """Of a taxonomy or ontology, or anything else that statements speak of."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node as it is shown. `kind` is a value of EntityKind or NodeKind; `product_id` is the shop's."""

    iri: str
    label: str
    kind: str
    attribute: str = ""
    product_count: int = 0
    product_id: str = ""


@dataclass(frozen=True, slots=True)
class NameOf:
    """A text that an entity answers to, and how surely, in (0, 1]."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TextEvidence:
    """Characters `[start, end)` of a product's `field`, which read `text`."""

    field: str
    start: int
    end: int
    text: str
    label: str
    extractor: str
    confidence: float
    relation: str = ""


@dataclass(frozen=True, slots=True)
class DescribedStatement:
    """A statement as it is shown: at its other end is a node or a literal. `predicate` and `source` are
    empty where a product hangs on a node by a narrower one.
    """

    relation: str
    predicate: str
    target: GraphNode | Term
    source: str
    confidence: float
    evidence: tuple[TextEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class DescribeRequest:
    """By `iri` or, when that is empty, by `name` and perhaps `kind`; `sample` products are shown."""

    iri: str = ""
    name: str = ""
    kind: str = ""
    sample: int = 5


@dataclass(frozen=True, slots=True)
class Description:
    """Everything of a node that is shown. `statements` begin at it and are sorted by relation; those of
    `products` end at it.
    """

    node: GraphNode
    names: tuple[NameOf, ...]
    relation: str
    broader: tuple[GraphNode, ...]
    narrower: tuple[GraphNode, ...]
    statements: tuple[DescribedStatement, ...]
    products: tuple[DescribedStatement, ...]
    others: tuple[GraphNode, ...]
    generation_id: str


@dataclass(frozen=True, slots=True)
class NeighboursRequest:
    """`outgoing` None means both directions; an empty `relation` means all."""

    iri: str
    relation: str = ""
    outgoing: bool | None = None
    page_size: int = 20
    page_token: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    node: GraphNode
    relation: str
    outgoing: bool
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class NeighbourPage:
    neighbours: tuple[Neighbour, ...]
    next_page_token: str
    total_size: int
    generation_id: str


@dataclass(frozen=True, slots=True)
class LinkedText:
    """What a text names. Links count in `tokens`, the words after correction; `corrections` are (written,
    read as).
    """

    tokens: tuple[str, ...]
    corrections: tuple[tuple[str, str], ...]
    links: tuple[EntityLink, ...]
    generation_id: str


@dataclass(frozen=True, slots=True)
class GraphQuery:
    """SPARQL, and the most rows or triples that the caller takes."""

    text: str
    max_rows: int = 1_000


@dataclass(frozen=True, slots=True)
class Solutions:
    """Of SELECT. Every row has a term for each variable, None where it is not bound."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Triples:
    """Of CONSTRUCT and DESCRIBE."""

    rows: tuple[tuple[Term, Term, Term], ...]


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """The whole answer to a query; a boolean is that of ASK. `seconds` is the time it took to find."""

    answer: Solutions | Triples | bool
    seconds: float
    generation_id: str = ""
