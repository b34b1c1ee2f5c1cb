"""Complements without orders: accessories of one device in different colours, as a printer's four inks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from scipy import sparse

from engine.types import EntityKind
from index_builder.graph.draft import Draft
from index_builder.graph.relations.pairs import Pair
from index_builder.graph.relations.replaceable import incidence, share
from index_builder.graph.vocabulary import SourceGraph, Term

MIN_OVERLAP = 0.5
"""Share of the devices of both (Jaccard): two that meet in one printer of twenty do not go together."""
CONFIDENCE = 0.7
"""Of a full overlap. Nobody has said that they are bought together."""
MAX_ACCESSORIES = 100
"""A device that more products fit ("mobile phones") is none."""


def find_companions(
    draft: Draft, *, variants: Mapping[int, int], excluded: Collection[tuple[int, int]] = (), top: int = 5
) -> list[Pair]:
    """The best `top` of each product, as sorted pairs (lower row, higher row). Both state what they fit,
    their types are the same, their colours differ; variants, which say as much already, are left out.
    """
    nodes = [
        node for node in draft.of_kind(EntityKind.COMPATIBLE_TARGET) if len(node.rows) <= MAX_ACCESSORIES
    ]
    targets = incidence(nodes, len(draft.types))
    shared = sparse.triu(targets @ targets.T, k=1).tocoo()
    one, two = shared.row.astype(np.int64), shared.col.astype(np.int64)
    counts = np.asarray(targets.sum(axis=1)).ravel()
    overlap = shared.data / np.maximum(counts[one] + counts[two] - shared.data, 1)
    types = np.unique(np.asarray(draft.types, np.str_), return_inverse=True)[1]
    colors = incidence(draft.of_kind(EntityKind.COLOR), len(draft.types))
    colored = np.diff(colors.indptr) > 0
    fits = (overlap >= MIN_OVERLAP) & (types[one] == types[two]) & colored[one] & colored[two]
    one, two, overlap = one[fits], two[fits], overlap[fits]
    differ = ~share(colors, one, two)
    one, two, overlap = one[differ], two[differ], overlap[differ]
    order = np.lexsort((two, one, -overlap))
    kept: dict[tuple[int, int], float] = {}
    taken = np.zeros(len(draft.types), np.int64)
    barred = set(excluded)
    for place in order.tolist():
        pair = int(one[place]), int(two[place])
        apart = variants.get(pair[0], -1) != variants.get(pair[1], -2)
        if apart and pair not in barred and min(taken[pair[0]], taken[pair[1]]) < top:
            kept[pair] = float(overlap[place])
            taken[list(pair)] += 1
    return sorted(
        Pair(first, second, Term.RELATED_TO, SourceGraph.INFERENCE, round(CONFIDENCE * sure, 4))
        for (first, second), sure in kept.items()
    )
