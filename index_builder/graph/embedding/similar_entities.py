"""Which entities resemble each other, by the products that hang on them."""

from __future__ import annotations

import numpy as np

from engine.types import FloatArray
from index_builder.graph.draft import Draft
from index_builder.graph.embedding.embeddings import GraphEmbeddings, unit
from index_builder.graph.vocabulary import ROOT

MIN_PRODUCTS = 3
"""An entity of fewer products resembles whatever they happen to be."""


def similar_entities(
    embeddings: GraphEmbeddings, draft: Draft, iri: str, *, top: int = 10
) -> list[tuple[str, float]]:
    """The nearest entities of the same kind with their cosines, best first; none for an entity that too few
    products have. Products are compared by their own rows.

    An entity stands at the mean of its products, seen from the mean of all. Its own row would not do:
    training pushes the answers to one question apart, and with them grey from silver.
    """
    products = unit(embeddings.rows[: embeddings.known.products])
    kind = _kind(iri)
    centred = products - products.mean(axis=0) if len(products) else products
    if kind == "product":
        names, rows = list(embeddings.known.entities[: embeddings.known.products]), centred
    else:
        nodes = [node for node in draft.nodes.values() if _kind(node.iri) == kind]
        nodes = sorted((node for node in nodes if len(node.rows) >= MIN_PRODUCTS), key=lambda node: node.iri)
        names = [node.iri for node in nodes]
        means = [centred[node.rows].mean(axis=0) for node in nodes]
        rows = np.array(means, np.float32).reshape(len(means), centred.shape[1])
    return _nearest(names, unit(rows), iri, top)


def _nearest(names: list[str], rows: FloatArray, iri: str, top: int) -> list[tuple[str, float]]:
    if iri not in names:
        return []
    place = names.index(iri)
    cosines = rows @ rows[place]
    order = [each for each in np.argsort(-cosines, kind="stable").tolist() if each != place]
    return [(names[each], float(cosines[each])) for each in order[:top]]


def _kind(iri: str) -> str:
    """The word of the IRI that tells kinds apart: "brand", "type", "value" and its attribute."""
    parts = iri.removeprefix(ROOT).split(":")
    return ":".join(parts[: 2 if parts[0] == "value" else 1])
