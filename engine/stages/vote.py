"""Stage 3, behaviour: past queries like this one vote for the products that followed them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.stages.retrieve import PastQueries, VectorIndex
from engine.types import Candidates, FloatArray, Mask, PastQuery, RowArray


@dataclass(frozen=True, slots=True)
class Votes:
    """`voters` are the past queries that were close enough, with their cosine, the closest first."""

    candidates: Candidates
    voters: tuple[tuple[PastQuery, float], ...] = ()

    def behind(self, row: int, limit: int = 3) -> tuple[str, ...]:
        """Texts of the past queries that voted for a product."""
        return tuple(query.text for query, _ in self.voters if row in query.rows)[:limit]


@dataclass(frozen=True, slots=True)
class PastQueryVotes:
    """A product's votes: over past queries with cosine c >= `min_cosine`, the sum of
    (c - min_cosine) / (1 - min_cosine) / log2(1 + place of the product behind that query).
    """

    index: VectorIndex
    queries: PastQueries
    voters: int = 16
    min_cosine: float = 0.6

    def __call__(self, vector: FloatArray, limit: int, mask: Mask | None = None) -> Votes:
        """`vector` is the query's embedding (dimension,); the mask is over products."""
        if not len(self.index):
            return Votes(Candidates.none())
        nearest = self.index.search(vector[np.newaxis], self.voters)[0]
        voters = tuple(
            (self.queries.get(int(row)), float(cosine))
            for row, cosine in zip(nearest.rows, nearest.scores, strict=True)
            if cosine >= self.min_cosine
        )
        if not voters:
            return Votes(Candidates.none())
        ballots = [self._ballot(len(query.rows), cosine) for query, cosine in voters]
        rows, voted = np.unique(np.concatenate([query.rows for query, _ in voters]), return_inverse=True)
        values = np.bincount(voted, np.concatenate(ballots), len(rows)).astype(np.float32)
        return Votes(_as_candidates(rows, values, limit, mask), voters)

    def _ballot(self, count: int, cosine: float) -> NDArray[np.float64]:
        """What one past query gives to each of its products, the best first."""
        strength = (cosine - self.min_cosine) / (1 - self.min_cosine)
        return strength / np.log2(np.arange(2, count + 2))


def _as_candidates(rows: RowArray, values: FloatArray, limit: int, mask: Mask | None) -> Candidates:
    allowed = values > 0 if mask is None else (values > 0) & mask[rows]
    return Candidates.ranked(rows[allowed], values[allowed], limit=limit)
