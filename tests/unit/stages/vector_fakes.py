"""Small exact indexes that fit the stages' Protocols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.types import Candidates, FloatArray, Mask, RowArray


@dataclass
class ExactVectors:
    """Brute force over `matrix` (n, d), unit rows."""

    matrix: FloatArray

    @property
    def dimension(self) -> int:
        return int(self.matrix.shape[1])

    def __len__(self) -> int:
        return len(self.matrix)

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        rows = np.arange(len(self.matrix)) if mask is None else np.flatnonzero(mask)
        return [Candidates.ranked(rows, self.matrix[rows] @ vector, limit=limit) for vector in vectors]

    def vectors(self, rows: RowArray) -> FloatArray:
        return self.matrix[rows]


@dataclass
class ExactWords:
    """Counts the query's words in each text."""

    texts: Sequence[str]

    def _held(self, text: str) -> FloatArray:
        words = set(text.split())
        return np.array([len(words & set(each.split())) for each in self.texts], np.float32)

    def search(
        self,
        text: str,
        limit: int,
        *,
        expansions: Sequence[tuple[str, float]] = (),
        mask: Mask | None = None,
    ) -> Candidates:
        scores = self._held(text)
        for phrase, boost in expansions:
            scores = scores + boost * (self._held(phrase) == len(phrase.split()))
        rows = np.flatnonzero((scores > 0) & (True if mask is None else mask))
        return Candidates.ranked(rows, scores[rows], limit=limit)

    def held(self, words: Sequence[str], rows: RowArray) -> FloatArray:
        return np.array([self._held(word)[rows] for word in words], np.float32)
