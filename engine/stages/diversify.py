"""Stage 6: spread near-identical products, by a penalty that is a part of the score like any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.stages.fuse import Scored
from engine.types import FloatArray, RowArray

PART = "diversity"


@dataclass(frozen=True, slots=True)
class Diversify:
    """Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) over the first `depth` products.

    The penalty of a product is strength * (best - worst score of the head) * its highest cosine to a product
    that was chosen before it. Chosen scores can only fall from one choice to the next, so the new order is
    the order of the new scores. The tail is moved down with the head, never past it.
    """

    vectors: Callable[[RowArray], FloatArray]
    brands: Callable[[RowArray], Sequence[str]]
    depth: int = 100

    def __call__(self, scored: Scored, *, strength: float, max_per_brand: int) -> Scored:
        if len(scored) < 2:
            return scored
        penalty = np.zeros(len(scored))
        head = min(self.depth, len(scored))
        scores = scored.scores
        if strength > 0:
            penalty[:head] = self._redundancy(scored.rows[:head], scores[:head], strength)
            penalty[head:] = min(0.0, float((scores + penalty)[:head].min() - scores[head - 1]))
        if max_per_brand > 0:
            penalty += self._excess(scored.rows, scores + penalty, max_per_brand)
        return scored.with_part(PART, penalty)

    def _redundancy(
        self, rows: RowArray, scores: NDArray[np.float64], strength: float
    ) -> NDArray[np.float64]:
        vectors = self.vectors(rows)
        scale = strength * float(scores[0] - scores[-1])
        closest = np.zeros(len(rows))
        penalty = np.zeros(len(rows))
        left = np.ones(len(rows), dtype=bool)
        for _ in range(len(rows)):
            marginal = np.where(left, scores - scale * closest, -np.inf)
            chosen = int(np.argmax(marginal))
            penalty[chosen] = -scale * closest[chosen]
            left[chosen] = False
            closest = np.maximum(closest, vectors @ vectors[chosen])
        return penalty

    def _excess(self, rows: RowArray, scores: NDArray[np.float64], max_per_brand: int) -> NDArray[np.float64]:
        """Products of a brand beyond its share go behind all others, in their order."""
        order = np.lexsort((rows, -scores))
        drop = float(scores.max() - scores.min()) + 1.0
        seen: dict[str, int] = {}
        excess = np.zeros(len(rows))
        for place, brand in zip(order, self.brands(rows[order]), strict=True):
            if not brand:
                continue
            seen[brand] = seen.get(brand, 0) + 1
            if seen[brand] > max_per_brand:
                excess[place] = -drop
        return excess
