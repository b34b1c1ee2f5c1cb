"""Stage 5: a cross-encoder reads query and product together and decides the order of the first M."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.deadline import Deadline
from engine.stages.fuse import Scored
from engine.types import FloatArray, RowArray

PART = "rerank"


class PairScorer(Protocol):
    """Scores (query, product text) pairs; float32 (n,), each in [0, 1], higher is more relevant."""

    def score(self, query: str, texts: Sequence[str], deadline: Deadline | None = None) -> FloatArray: ...


@dataclass(frozen=True, slots=True)
class Reranked:
    """`probabilities` are the cross-encoder's, float32, by row; only of the rows that it read."""

    scored: Scored
    rows: RowArray
    probabilities: FloatArray


@dataclass(frozen=True, slots=True)
class Rerank:
    """Adds weight * probability to the first `depth` candidates.

    The part is never negative, so a product that was read never falls below one that was not.
    """

    scorer: PairScorer
    texts: Callable[[RowArray], Sequence[str]]
    weight: float

    def __call__(
        self, query: str, scored: Scored, depth: int, deadline: Deadline, *, settles: int | None = None
    ) -> Reranked:
        """Where only the first `settles` places matter, no more is read than decides them: those that stand
        there, then those that a probability of 1 would bring there. The places, their scores and their parts
        are the same as when all `depth` had been read.
        """
        first = depth if settles is None else min(settles, depth)
        rows, probabilities = scored.rows[:first], self._read(query, scored.rows[:first], deadline)
        if first < min(depth, len(scored)):
            bar = float(np.min(scored.scores[:first] + self.weight * probabilities))
            able = int(np.count_nonzero(scored.scores[first:depth] + self.weight >= bar))
            more = scored.rows[first : first + able]  # they are in descending order of score
            rows = scored.rows[: first + able]
            probabilities = np.concatenate([probabilities, self._read(query, more, deadline)])
        part = np.zeros(len(scored))
        part[: len(rows)] = self.weight * probabilities
        return Reranked(scored.with_part(PART, part), rows, probabilities)

    def _read(self, query: str, rows: RowArray, deadline: Deadline) -> FloatArray:
        if not len(rows):
            return np.empty(0, np.float32)
        return self.scorer.score(query, self.texts(rows), deadline)
