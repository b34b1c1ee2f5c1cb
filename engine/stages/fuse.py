"""Stage 4: one list out of several sources; a product's score is the sum of the parts they give it."""

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
class Fusion:
    """A product's part from a source is at most the source's weight, which its best product gains.

    Sources with smooth rankings count by rank alone: weight * (k + 1) / (k + rank), which is reciprocal rank
    fusion (Cormack, Clarke and Buettcher, SIGIR 2009) scaled to 1. Sources in `by_score` give whole groups of
    products the same score, where ranks would be made up: there it is weight * score / best score.
    """

    weights: Mapping[str, float]
    by_score: frozenset[str] = frozenset()
    k: int = 30

    def __call__(self, sources: Mapping[str, Candidates]) -> Scored:
        asked = {name: found for name, found in sources.items() if len(found)}
        if not asked:
            return Scored(np.empty(0, np.int64))
        rows = np.unique(np.concatenate([found.rows for found in asked.values()]))
        parts = {name: self._part(name, found, rows) for name, found in asked.items()}
        return Scored.ordered(rows, parts)

    def _part(self, name: str, found: Candidates, rows: RowArray) -> NDArray[np.float64]:
        part = np.zeros(len(rows))
        part[np.searchsorted(rows, found.rows)] = self.weights[name] * self._shares(name, found)
        return part

    def _shares(self, name: str, found: Candidates) -> NDArray[np.float64]:
        """Of the weight, in (0, 1] for positive scores, 1 for the best product."""
        if name in self.by_score:
            return found.scores.astype(np.float64) / float(found.scores[0])
        return (self.k + 1) / (self.k + np.arange(1.0, len(found) + 1))
