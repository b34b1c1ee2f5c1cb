"""Which entities resemble each other, by the embeddings of the products that hang on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.backends.graph_vectors import ENTITIES, GraphVectors
from engine.graph_values import GraphNode
from engine.types import FloatArray, RowArray
from index_builder.graph.view.opened import OpenedGraph

MIN_PRODUCTS = 3
"""An entity of fewer products resembles whatever they happen to be."""


@dataclass(frozen=True, slots=True)
class Similar:
    """`cosine` in [-1, 1]."""

    node: GraphNode
    cosine: float


def similar_to(graph: OpenedGraph, node: GraphNode, *, top: int = 5) -> tuple[Similar, ...]:
    """The nearest entities of the same kind and attribute, best first; () for a graph without embeddings, for
    a product, and for an entity that too few products have.
    """
    tables, folder = graph.tables, graph.folder
    if not (folder / ENTITIES).exists():
        return ()
    hanging = {
        entity.iri: tables.products(place)
        for place, entity in enumerate(tables.entities)
        if entity.kind == node.kind and entity.attribute == node.attribute
    }
    vectors = GraphVectors.open(folder).products.astype(np.float32)
    found = nearest_entities(vectors, hanging, node.iri, top=top)
    return tuple(Similar(graph.nodes.node(iri), cosine) for iri, cosine in found)


def nearest_entities(
    products: FloatArray, hanging: Mapping[str, RowArray], iri: str, *, top: int
) -> list[tuple[str, float]]:
    """`products` float32 (n, d) are unit rows, `hanging` the rows of each entity's products.

    An entity stands at the mean of its products, seen from the mean of all. Its own vector would not do:
    training pushes the answers to one question apart, and with them grey from silver.
    """
    names = sorted(name for name, rows in hanging.items() if len(rows) >= MIN_PRODUCTS)
    if iri not in names:
        return []
    centre = products.mean(axis=0)
    means = np.stack([products[hanging[name]].mean(axis=0) - centre for name in names])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.float32(1e-9))
    place = names.index(iri)
    cosines = means @ means[place]
    order = [each for each in np.argsort(-cosines, kind="stable").tolist() if each != place]
    return [(names[each], round(float(cosines[each]), 4)) for each in order[:top]]
