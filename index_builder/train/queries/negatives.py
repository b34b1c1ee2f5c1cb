"""Hard negatives: products that a search finds for a query although they do not answer it.

BM25 finds those that say the query's words, the encoder in its present state those that mean something like
it. What either finds may still be an answer that nobody marked; such false negatives teach the wrong thing,
so a candidate is left out when

- it answers the query as far as anybody knows, or its title says almost the same as an answer's;
- the encoder holds it to be about as close as the query's own answers ("positive-aware" mining, TopK-PercPos
  of NV-Retriever, Moreira et al. 2024);
- the query was composed from the graph, and the graph does not know what kind of thing the product is: that
  it is no answer is then not known either;
- a cross-encoder, where there is one, reads it as nearly as good as the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.text import singular, tokens
from engine.types import Candidates, FloatArray, Product, RowArray
from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery


class WordSearch(Protocol):
    """BM25, as the lexical index offers it."""

    def search(self, text: str, limit: int) -> Candidates: ...


Score = Callable[[Sequence[str], Sequence[int]], FloatArray]
"""A cross-encoder: queries[i] with the product of rows[i]; float32 (n,) in [0, 1]."""


@dataclass(frozen=True, slots=True)
class MiningPlan:
    """`per_query` negatives at most, half of them by words. Each source is looked at `depth` deep. A
    candidate must stay below `closest` times the cosine of the query's best answer, and `margin` below the
    cross-encoder's mean probability of the answers. Titles that share `alike` of their words (Jaccard) are
    the same. `block` queries are held against the catalogue at a time.
    """

    per_query: int = 4
    depth: int = 60
    closest: float = 0.95
    margin: float = 0.2
    alike: float = 0.8
    block: int = 256


class NegativeMiner:
    """Built once per shop. `typed` has one flag per row: the graph knows what kind of thing it is."""

    def __init__(
        self,
        products: Sequence[Product],
        words: WordSearch,
        typed: NDArray[np.bool_],
        plan: MiningPlan | None = None,
        score: Score | None = None,
    ) -> None:
        self._titles = [frozenset(singular(word) for word in tokens(each.title)) for each in products]
        self._words = words
        self._typed = typed
        self._plan = plan or MiningPlan()
        self._score = score
        self._said: dict[str, RowArray] = {}

    def mine(
        self, queries: Sequence[TrainingQuery], asked: FloatArray, vectors: FloatArray, *, seed: int
    ) -> list[RowArray]:
        """Rows of negatives for each query, int64, at most `per_query`, none twice.

        `asked` float32 (queries, dimension) and `vectors` float32 (products, dimension) are unit rows of the
        encoder as it is now.
        """
        chance = np.random.default_rng(seed)
        mined: list[RowArray] = []
        for start in range(0, len(queries), self._plan.block):
            block = slice(start, start + self._plan.block)
            cosines = asked[block] @ vectors.T
            mined.extend(
                self._of(query, row, chance) for query, row in zip(queries[block], cosines, strict=True)
            )
        return mined

    def _of(self, query: TrainingQuery, cosines: FloatArray, chance: np.random.Generator) -> RowArray:
        plan = self._plan
        depth = min(plan.depth, len(cosines))
        near = np.argpartition(-cosines, depth - 1)[:depth]
        by_meaning = self._allowed(query, near, cosines, chance)
        by_words = self._allowed(query, self._saying(query.text), cosines, chance)
        half = (plan.per_query + 1) // 2
        chosen = list(dict.fromkeys([*by_words[:half], *by_meaning, *by_words]))[: plan.per_query]
        return np.asarray(chosen, np.int64)

    def _saying(self, text: str) -> RowArray:
        if text not in self._said:
            self._said[text] = self._words.search(text, self._plan.depth).rows
        return self._said[text]

    def _allowed(
        self, query: TrainingQuery, rows: RowArray, cosines: FloatArray, chance: np.random.Generator
    ) -> list[int]:
        """Those that are surely no answers, in random order."""
        plan = self._plan
        answers = np.union1d(query.answers, query.rows[query.grades >= ANSWERS_FROM])
        if not len(answers) or not len(rows):
            return []
        kept = np.setdiff1d(rows, answers)
        kept = kept[cosines[kept] <= plan.closest * float(cosines[answers].max())]
        if query.origin is Origin.GRAPH:
            kept = kept[self._typed[kept]]
        positives = query.rows[query.grades >= ANSWERS_FROM]
        kept = kept[[not self._is_like(row, positives) for row in kept.tolist()]] if len(kept) else kept
        kept = chance.permutation(kept)[: plan.per_query * 2]
        if self._score is not None and len(kept) and len(positives):
            kept = self._worse(query.text, kept, positives)
        return [int(row) for row in kept]

    def _worse(self, text: str, rows: RowArray, positives: RowArray) -> RowArray:
        if self._score is None:
            return rows
        both = [*positives.tolist(), *rows.tolist()]
        scores = self._score([text] * len(both), both)
        best = float(scores[: len(positives)].mean())
        return rows[scores[len(positives) :] < best - self._plan.margin]

    def _is_like(self, row: int, positives: RowArray) -> bool:
        words = self._titles[row]
        return any(
            len(words & self._titles[other]) >= self._plan.alike * len(words | self._titles[other])
            for other in positives.tolist()
        )
