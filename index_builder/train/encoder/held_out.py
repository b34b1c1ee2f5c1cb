"""How well an encoder searches for queries that training does not see, in seconds rather than minutes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backends.encoder import DualEncoder
from engine.errors import ConfigError
from engine.types import FloatArray, RowArray
from index_builder.train.queries.query import ANSWERS_FROM, TrainingQuery

NDCG, RECALL, SCORE = "ndcg@10", "recall@100", "score"
_DEPTH = 10
_RECALL_DEPTH = 100
_OTHERS_SHARE = 1 / 3
"""Of the corpus, at least; else there would be little to be wrong about. They answer no query."""


class HeldOut:
    """Queries with a corpus of about `products` rows: all that was graded for them, a share of what answers
    them, and others, a third of `products` at least. The same queries, texts and seed give the same corpus.
    """

    def __init__(
        self, queries: Sequence[TrainingQuery], texts: Sequence[str], *, products: int, seed: int
    ) -> None:
        """Raises ConfigError when no query has a product that answers it."""
        self._queries = [query for query in queries if np.any(query.grades >= ANSWERS_FROM)]
        if not self._queries:
            raise ConfigError(
                "No held-out query has a product that answers it, so that nothing could tell when training "
                "does harm. Give more queries."
            )
        self.rows = _corpus(self._queries, len(texts), products, np.random.default_rng(seed))
        self._texts = [texts[row] for row in self.rows.tolist()]

    def __len__(self) -> int:
        return len(self._queries)

    def measure(self, encoder: DualEncoder) -> dict[str, float]:
        """Means over the queries, each in [0, 1]:

        - ndcg@10 with the grades as gains. Answers that nobody graded are taken out of the ranking first
          (condensed lists, Sakai, SIGIR 2007); whatever else was not graded counts 0.
        - recall@100: answers among the first hundred, of as many as could be there.
        - score: the mean of both, by which models are chosen.
        """
        asked = encoder.encode_queries([query.text for query in self._queries])
        cosines = asked @ encoder.encode_products(self._texts).T
        ranked = [self.rows[np.argsort(-row, kind="stable")] for row in cosines]
        gains = [_ndcg(query, rows) for query, rows in zip(self._queries, ranked, strict=True)]
        found = [_recall(query, rows) for query, rows in zip(self._queries, ranked, strict=True)]
        ndcg, recall = float(np.mean(gains)), float(np.mean(found))
        return {NDCG: ndcg, RECALL: recall, SCORE: (ndcg + recall) / 2}


def _corpus(
    queries: Sequence[TrainingQuery], count: int, limit: int, chance: np.random.Generator
) -> RowArray:
    graded = np.unique(np.concatenate([query.rows for query in queries]))
    room = max(0, int(limit * (1 - _OTHERS_SHARE)) - len(graded))
    answers = np.setdiff1d(np.concatenate([query.answers for query in queries]), graded)
    kept = np.concatenate([graded, chance.permutation(answers)[:room]])
    others = np.setdiff1d(np.setdiff1d(np.arange(count), graded), answers)
    drawn = chance.permutation(others)[: max(limit - len(kept), round(limit * _OTHERS_SHARE))]
    return np.sort(np.concatenate([kept, drawn])).astype(np.int64)


def _ndcg(query: TrainingQuery, ranked: RowArray) -> float:
    grades = dict(zip(query.rows.tolist(), query.grades.tolist(), strict=True))
    unjudged = set(query.answers.tolist()) - set(grades)
    judged = [row for row in ranked.tolist() if row not in unjudged][:_DEPTH]
    best = np.sort(query.grades)[::-1][:_DEPTH]
    return _discounted(np.array([grades.get(row, 0.0) for row in judged])) / _discounted(best)


def _discounted(gains: FloatArray) -> float:
    return float(np.sum(gains / np.log2(np.arange(len(gains)) + 2)))


def _recall(query: TrainingQuery, ranked: RowArray) -> float:
    answers = np.union1d(query.answers, query.rows[query.grades >= ANSWERS_FROM])
    possible = min(_RECALL_DEPTH, int(np.isin(ranked, answers).sum()))
    return float(np.isin(ranked[:_RECALL_DEPTH], answers).sum()) / possible
