"""Exact answers, and how many of them a search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.peers.peer import LIMIT
from engine.backends.faiss_library import faiss
from engine.types import FloatArray

_SAME = 1e-6


def worst_right_scores(vectors: FloatArray, queries: FloatArray) -> FloatArray:
    """Float32 (m,): the inner product of each query with its `LIMIT`-th best vector, by exact search."""
    scores, _ = faiss.knn(queries, vectors, min(LIMIT, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)
    return np.ascontiguousarray(scores[:, -1], np.float32)


@dataclass(frozen=True, slots=True)
class Queries:
    """`vectors` (m, d) float32 beside `worst` (m,), what `worst_right_scores` says of them among `stored`."""

    stored: FloatArray
    vectors: FloatArray
    worst: FloatArray

    def __len__(self) -> int:
        return len(self.vectors)

    def recall(self, place: int, ids: Sequence[int]) -> float:
        """Of the answer to the query at `place`. A vector is right when it scores no lower than the last
        right one, so twins are equals; one told twice counts once.
        """
        rows = np.unique(np.asarray(ids, np.int64)[:LIMIT])
        right = self.stored[rows] @ self.vectors[place] >= self.worst[place] - _SAME
        return float(np.count_nonzero(right)) / min(LIMIT, len(self.stored))
