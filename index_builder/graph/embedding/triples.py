"""A draft as numbers: entities, relations and the triples between them, ready for a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import EntityKind, Product, RowArray
from index_builder.graph.draft import Draft, Node
from index_builder.graph.vocabulary import SourceGraph, node_iri

MIN_ROWS = 2
"""A value of one product ties nothing together; it is given its product's place afterwards."""


@dataclass(frozen=True, slots=True)
class Triples:
    """`head[i] --relation[i]--> tail[i]`, int64, sorted by relation, head, tail, each once; `weight` float32
    in (0, 1] is the confidence of each. Entities 0 .. products - 1 are the products by row, the others nodes.
    """

    entities: tuple[str, ...]
    relations: tuple[str, ...]
    products: int
    head: RowArray
    relation: RowArray
    tail: RowArray
    weight: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.head)

    def subset(self, kept: NDArray[np.bool_]) -> Triples:
        """The flagged triples, over the same entities and relations."""
        return Triples(
            self.entities,
            self.relations,
            self.products,
            self.head[kept],
            self.relation[kept],
            self.tail[kept],
            self.weight[kept],
        )


def relation_of(node: Node) -> str:
    """An attribute's values answer one question; all colours answer one, whichever attribute states them."""
    return node.attribute if node.kind is EntityKind.ATTRIBUTE_VALUE else node.relation


def triples_of(draft: Draft, products: Sequence[Product]) -> Triples:
    """Every statement between entities but those that were predicted themselves."""
    nodes = [draft.nodes[iri] for iri in sorted(draft.nodes) if len(draft.nodes[iri].rows) >= MIN_ROWS]
    iris = [node_iri("product", product.id) for product in products]
    known = {*iris, *(node.iri for node in nodes)}
    edges = [
        edge
        for edge in sorted(draft.edges)
        if edge.subject in known and edge.source != SourceGraph.PREDICTION
    ]
    hubs = sorted({edge.object for edge in edges} - known)  # product groups, broader concepts
    entities = (*iris, *(node.iri for node in nodes), *hubs)
    place = {iri: index for index, iri in enumerate(entities)}
    names = sorted({relation_of(node) for node in nodes} | {edge.predicate.value for edge in edges})
    number = {name: index for index, name in enumerate(names)}
    found: dict[tuple[int, int, int], float] = {}
    for node in nodes:
        key = number[relation_of(node)]
        for row in node.rows:
            origin = node.origins.get(row)
            if origin is None or origin.source != SourceGraph.PREDICTION:
                found[key, row, place[node.iri]] = origin.confidence if origin else 1.0
    for edge in edges:
        triple = number[edge.predicate.value], place[edge.subject], place[edge.object]
        found[triple] = max(edge.confidence, found.get(triple, 0.0))
    ordered = sorted(found)
    columns = np.array(ordered, np.int64).reshape(-1, 3)
    weight = np.array([found[triple] for triple in ordered], np.float32)
    return Triples(entities, tuple(names), len(products), columns[:, 1], columns[:, 0], columns[:, 2], weight)
