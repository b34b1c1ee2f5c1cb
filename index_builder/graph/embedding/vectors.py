"""Hands embeddings to the engine: unit vectors whose inner product says how likely a statement is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.backends.graph_vectors import GraphVectors
from index_builder.graph.draft import Draft
from index_builder.graph.embedding.embeddings import GraphEmbeddings, unit
from index_builder.graph.embedding.triples import relation_of


def write_vectors(
    embeddings: GraphEmbeddings, draft: Draft, entities: Sequence[str], folder: Path
) -> GraphVectors:
    """Write what the engine scores products with (see `engine.backends.graph_vectors`). `entities` are IRIs
    in the order of the graph's tables. A node without an embedding of its own takes the mean of its products.
    """
    products = unit(embeddings.rows[: embeddings.known.products])
    vectors = np.zeros((len(entities), embeddings.rows.shape[1]), np.float32)
    trained = []
    for index, iri in enumerate(entities):
        node = draft.nodes.get(iri)
        place = embeddings.place.get(iri)
        relation = embeddings.relation.get(relation_of(node)) if node else None
        if place is not None and relation is not None:
            trained.append((index, place, relation))
        elif node is not None and node.rows:
            vectors[index] = products[node.rows].mean(axis=0)
    if trained:
        index, place, relation = np.array(trained, np.int64).T
        vectors[index] = embeddings.folded(place, relation)
    written = GraphVectors(unit(vectors).astype(np.float16), products.astype(np.float16))
    written.write(folder)
    return written
