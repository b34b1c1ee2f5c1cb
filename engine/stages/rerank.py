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

    def __call__(self, query: str, scored: Scored, depth: int, deadline: Deadline) -> Reranked:
        head = scored.rows[:depth]
        probabilities = self.scorer.score(query, self.texts(head), deadline)
        part = np.zeros(len(scored))
        part[: len(head)] = self.weight * probabilities
        return Reranked(scored.with_part(PART, part), head, probabilities)
