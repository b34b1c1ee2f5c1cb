"""How much of a query the graph says of a product: what "black", "toner" and "4000" have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.types import Candidates, Entity, Expansion, FloatArray, Mask, RowArray

POSTING_LIMIT = 1_000_000
"""Products read of one entity, at most."""


@dataclass(frozen=True, slots=True)
class Pool:
    """`candidates` are the products that the graph ranks above all others; `tied` (one flag per row, None for
    none) are more than there is room for, of one affinity `score`: the embedding has to choose among them.
    """

    candidates: Candidates
    tied: Mask | None = None
    score: float = 0.0


class Postings(Protocol):
    """The products that hang on entities."""

    @property
    def product_total(self) -> int: ...

    def products(self, entity: Entity, limit: int) -> RowArray: ...


def affinity(graph: Postings, expansions: Sequence[Expansion]) -> FloatArray:
    """For every row of the generation: the sum, over the query's linked spans, of the greatest weight of an
    expansion of that span that the product hangs on. Float32 (product_total,), 0 where nothing is shared.

    Weights fall with an entity's product count (see `engine.stages.expand.rarity`), so a product that
    matches two spans stands above one that matches the broader of them.
    """
    total = np.zeros(graph.product_total, np.float32)
    spans: dict[tuple[int, int], list[Expansion]] = {}
    for expansion in expansions:
        spans.setdefault((expansion.link.start, expansion.link.end), []).append(expansion)
    for members in spans.values():
        best = np.zeros_like(total)
        for expansion in members:
            rows = graph.products(expansion.entity, POSTING_LIMIT)
            best[rows] = np.maximum(best[rows], np.float32(expansion.weight))
        total += best
    return total


def pool(scores: FloatArray, limit: int, mask: Mask | None) -> Pool:
    """The best rows by affinity. Products that tie at the cut stay together, since the graph cannot tell
    them apart: a query that only names a broad type yields nothing but a tie (and is not `complete`).
    """
    allowed = scores > 0 if mask is None else (scores > 0) & mask
    rows = np.flatnonzero(allowed)
    found = Candidates.ranked(rows, scores[rows], limit=limit)
    if found.complete or not len(found):
        return Pool(found)
    cut = np.partition(scores[rows], len(rows) - limit - 1)[len(rows) - limit - 1]
    kept = found.scores > cut
    above = Candidates(found.rows[kept], found.scores[kept], complete=False)
    return Pool(above, allowed & (scores == cut), float(cut))
