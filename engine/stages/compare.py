"""Stage 4, second half: hold every candidate against the query itself, whichever source found it.

A source's rank says nothing of a product that the source did not list: a lexical find has no dense rank, even
where its embedding is close. So the dense part of a score is the exact cosine, for each candidate alike, and
each also gains the share of the query's words that it holds. (On judged queries this beat fusing the dense
ranks on every figure.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.stages.fuse import Scored
from engine.stages.retrieve import LexicalIndex, Source, VectorIndex
from engine.types import FloatArray

COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class Compare:
    """`dense` is what a cosine of 1 gains, `coverage` what a product gains that holds every word."""

    products: VectorIndex
    lexical: LexicalIndex
    dense: float
    coverage: float

    def __call__(self, scored: Scored, *, text: str | None, vector: FloatArray | None) -> Scored:
        """Without `vector` (dimension,) there is no dense part, without `text` no coverage."""
        if not len(scored):
            return scored
        parts: Mapping[str, NDArray[np.float64]] = scored.parts
        if vector is not None and self.dense:
            cosines = self.products.vectors(scored.rows) @ vector
            parts = {**parts, Source.DENSE: self.dense * np.maximum(cosines, 0.0).astype(np.float64)}
        if text is not None and self.coverage:
            held = self.lexical.coverage(text, scored.rows)
            parts = {**parts, COVERAGE: self.coverage * held.astype(np.float64)}
        return Scored.ordered(scored.rows, parts)
