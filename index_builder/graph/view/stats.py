"""What a graph holds, in numbers, and where it is thin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyoxigraph import NamedNode

from engine.backends.graph_store import reading
from engine.backends.knowledge_graph import STORE
from engine.browsing.nodes import of_entity
from engine.browsing.relations import PRODUCT_PREFIX
from engine.graph_values import GraphNode
from engine.types import EntityKind
from index_builder.graph.evidence_table import read_evidence
from index_builder.graph.view.opened import OpenedGraph


@dataclass(frozen=True, slots=True)
class Statements:
    """How many statements a named graph makes with a predicate; both are IRIs."""

    source: str
    predicate: str
    count: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """Products that have no type or category, no brand, no statement that ties them to another product."""

    type: int
    brand: int
    neighbour: int


@dataclass(frozen=True, slots=True)
class GraphStats:
    """`statements` are by count, the largest first; `evidence` counts places in texts by the layer that read
    them; `connected` are the entities with most products.
    """

    generation_id: str
    products: int
    entities: Mapping[str, int]
    names: int
    statement_total: int
    statements: tuple[Statements, ...]
    evidence: Mapping[str, int]
    connected: tuple[GraphNode, ...]
    without: Gaps


def measure(graph: OpenedGraph, *, connected: int) -> GraphStats:
    """Reads every statement once: some seconds for a million of them. Raises DamagedGenerationError."""
    with reading(graph.folder / STORE):
        counts, related = _scan(graph)
    tables = graph.tables
    kinds = Counter(entity.kind for entity in tables.entities)
    busiest = sorted(tables.entities, key=lambda entity: (-entity.product_count, entity.iri))
    return GraphStats(
        graph.generation_id,
        tables.product_total,
        {kind.value: kinds[kind] for kind in EntityKind},
        len(tables.names),
        counts.total(),
        tuple(
            Statements(source, predicate, count)
            for (source, predicate), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ),
        _extractors(graph),
        tuple(of_entity(entity) for entity in busiest[:connected]),
        Gaps(
            _without(graph, EntityKind.CATEGORY),
            _without(graph, EntityKind.BRAND),
            tables.product_total - len(related),
        ),
    )


def _scan(graph: OpenedGraph) -> tuple[Counter[tuple[str, str]], set[str]]:
    """Statements by (source, predicate), and the products that are tied to another."""
    counts: Counter[tuple[str, str]] = Counter()
    related: set[str] = set()
    for quad in graph.store:
        source = quad.graph_name.value if isinstance(quad.graph_name, NamedNode) else ""
        counts[source, quad.predicate.value] += 1
        ends = {end.value for end in (quad.subject, quad.object) if isinstance(end, NamedNode)}
        if len(ends) == 2 and all(end.startswith(PRODUCT_PREFIX) for end in ends):
            related |= ends
    return counts, related


def _extractors(graph: OpenedGraph) -> dict[str, int]:
    extractors = read_evidence(graph.folder)["extractor"].cast(pa.string())
    counted = {each["values"]: each["counts"] for each in extractors.value_counts().to_pylist()}
    return dict(sorted(counted.items()))


def _without(graph: OpenedGraph, kind: EntityKind) -> int:
    """Products that hang on no entity of that kind."""
    there = np.zeros(graph.tables.product_total, bool)
    for place, entity in enumerate(graph.tables.entities):
        if entity.kind is kind:
            there[graph.tables.products(place)] = True
    return int((~there).sum())
