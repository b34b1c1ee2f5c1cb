"""How often an index finds what exact search finds, how much it looks at for it, and what queries to ask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backends.faiss_library import faiss
from engine.backends.vector_index import FaissVectorIndex
from engine.types import FloatArray

DEPTH = 100
"""Fusion takes about this many candidates from a source, so recall has to hold there as well as at 10: nprobe
8 of an IVF index of 19,406 products found .97 of the ten nearest, but only .80 of the hundred nearest.
"""
_SAMPLE = 256
_FEW_QUERIES = 64
_NOISE = 1.5
"""Noise of this length (the product has 1) puts a stand-in query at a cosine of .55 to its product. Shoppers'
queries in icecat were at .61 to their nearest product, and needed about the same effort for the same recall.
"""
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Oracle:
    """Exact answers: `scores` (m, depth) are the true best ones of every query, falling."""

    matrix: FloatArray
    queries: FloatArray
    scores: FloatArray

    @classmethod
    def over(cls, matrix: FloatArray, queries: FloatArray) -> Oracle:
        depth = min(DEPTH, len(matrix))
        if not len(queries):
            return cls(matrix, queries, np.empty((0, depth), np.float32))
        scores, _ = faiss.knn(queries, matrix, depth, metric=faiss.METRIC_INNER_PRODUCT)
        return cls(matrix, queries, scores)

    def recall(self, index: FaissVectorIndex, at: int) -> float:
        """A row is right when its true score is no lower than that of the last right one, so twins are
        equals.
        """
        if not len(self.queries):
            return 1.0
        depth = min(at, len(self.matrix))
        right = [
            np.mean(self.matrix[hits.rows] @ query >= best[depth - 1] - _SAME)
            for query, best, hits in zip(
                self.queries, self.scores, index.search(self.queries, depth), strict=True
            )
        ]
        return float(np.mean(right))

    def compared(self, index: FaissVectorIndex) -> float:
        """Rows that a search for a hundred looks at in a graph or in cells, as FAISS counts them."""
        counts = faiss.cvar.hnsw_stats, faiss.cvar.indexIVF_stats
        for each in counts:
            each.reset()
        index.search(self.queries, min(DEPTH, len(self.matrix)))
        return float(sum(each.ndis for each in counts) / max(1, len(self.queries)))


def sample_queries(matrix: FloatArray, queries: FloatArray | None, seed: int) -> FloatArray:
    """At most 256 queries to measure with: real ones first, noisy products when those are few."""
    random = np.random.default_rng(seed)
    real = np.empty((0, matrix.shape[1]), np.float32) if queries is None else np.asarray(queries, np.float32)
    if len(real) > _SAMPLE:
        real = real[np.sort(random.choice(len(real), _SAMPLE, replace=False))]
    if len(real) >= _FEW_QUERIES or not len(matrix):
        return np.ascontiguousarray(real if len(matrix) else real[:0])
    return np.ascontiguousarray(np.concatenate([real, stand_ins(matrix, _SAMPLE, random)]), np.float32)


def stand_ins(matrix: FloatArray, count: int, random: np.random.Generator) -> FloatArray:
    """Products with noise in the place of queries, unit length: `count` of them, or as many as there are."""
    picked = matrix[random.choice(len(matrix), min(count, len(matrix)), replace=False)]
    noise = random.standard_normal(picked.shape, np.float32)
    noisy = picked + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), np.float32)
