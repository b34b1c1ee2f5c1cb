"""Stage 4: one list out of several sources, in which every product's score is the sum of its sources' parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.types import Candidates, RowArray


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows in descending order of the sum of their parts; equal sums go by row.

    `parts` maps a part's name to its addends, float64 (n,), aligned with `rows`.
    """

    rows: RowArray
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def ordered(cls, rows: RowArray, parts: Mapping[str, NDArray[np.float64]]) -> Scored:
        scored = cls(rows, parts)
        return scored.take(np.lexsort((rows, -scored.scores)))

    @property
    def scores(self) -> NDArray[np.float64]:
        total = np.zeros(len(self.rows))
        for part in self.parts.values():
            total += part
        return total

    def take(self, order: NDArray[np.int64]) -> Scored:
        return Scored(self.rows[order], {name: part[order] for name, part in self.parts.items()})

    def with_part(self, name: str, values: NDArray[np.float64]) -> Scored:
        """Add a part (n,) and sort again."""
        return Scored.ordered(self.rows, {**self.parts, name: values})

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class ReciprocalRankFusion:
    """Merge rankings by rank alone (Cormack, Clarke and Buettcher, SIGIR 2009), each with its weight.

    A source's part is weight * (k + 1) / (k + rank), so the weight is what its first product gains.
    """

    weights: Mapping[str, float]
    k: int = 60

    def __call__(self, sources: Mapping[str, Candidates]) -> Scored:
        asked = {name: found for name, found in sources.items() if len(found)}
        if not asked:
            return Scored(np.empty(0, np.int64))
        rows = np.unique(np.concatenate([found.rows for found in asked.values()]))
        parts = {name: self._part(name, found, rows) for name, found in asked.items()}
        return Scored.ordered(rows, parts)

    def _part(self, name: str, found: Candidates, rows: RowArray) -> NDArray[np.float64]:
        part = np.zeros(len(rows))
        ranks = np.arange(1, len(found) + 1)
        part[np.searchsorted(rows, found.rows)] = self.weights[name] * (self.k + 1) / (self.k + ranks)
        return part
