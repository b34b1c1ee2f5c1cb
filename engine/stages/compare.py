"""Stage 4, second half: hold every candidate against the query itself, whichever source found it.

A source's rank says nothing of a product that the source did not list: a lexical find has no dense rank, even
where its embedding is close. So the dense part of a score is the exact cosine, for each candidate alike. Each
also gains the share of the query's words that it holds, or that the graph says of it, and what the graph says
of the kind of product and of its other properties. (On judged queries this beat fusing the sources' ranks.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.stages.fuse import Scored
from engine.stages.match import SpanMatch
from engine.stages.retrieve import LexicalIndex, Source, VectorIndex
from engine.types import FloatArray

COVERAGE = "coverage"
SIMILARITY = "graph_similarity"


@dataclass(frozen=True, slots=True)
class ComparisonWeights:
    """`dense` is what a cosine of 1 gains, `coverage` what a product gains that holds every word, `kind` one
    that is surely what the query asks for, `properties` one with all the other properties that it names;
    `other_kind` is what one loses that is known to be of another kind. `similarity` is what a product gains
    that is as near as can be to the query's entities in the graph's embeddings, where that is asked for.
    """

    dense: float
    coverage: float
    kind: float
    other_kind: float
    properties: float
    similarity: float


@dataclass(frozen=True, slots=True)
class Compare:
    products: VectorIndex
    lexical: LexicalIndex
    weights: ComparisonWeights

    def __call__(
        self,
        scored: Scored,
        *,
        words: Sequence[str] | None,
        vector: FloatArray | None,
        matches: Sequence[SpanMatch] = (),
        nearness: FloatArray | None = None,
    ) -> Scored:
        """Without `vector` (dimension,) there is no dense part, without `words` no coverage. `matches` have
        one value for each of `scored.rows`, in their order, and spans that refer to `words`; `nearness` has
        one for each, too.
        """
        if not len(scored):
            return scored
        parts: dict[str, NDArray[np.float64]] = dict(scored.parts)
        if vector is not None and self.weights.dense:
            cosines = self.products.vectors(scored.rows) @ vector
            parts[Source.DENSE] = self.weights.dense * np.maximum(cosines, 0.0).astype(np.float64)
        if words and self.weights.coverage:
            parts[COVERAGE] = self.weights.coverage * self._covered(scored, words, matches)
        if matches:
            parts[Source.GRAPH] = self._said(matches)
        if nearness is not None:
            parts[SIMILARITY] = self.weights.similarity * nearness.astype(np.float64)
        return Scored.ordered(scored.rows, parts)

    def _covered(
        self, scored: Scored, words: Sequence[str], matches: Sequence[SpanMatch]
    ) -> NDArray[np.float64]:
        held = self.lexical.held(words, scored.rows)
        for match in matches:
            span = slice(match.start, match.end)
            held[span] = np.maximum(held[span], match.values)
        covered: NDArray[np.float64] = held.mean(axis=0, dtype=np.float64)
        return covered

    def _said(self, matches: Sequence[SpanMatch]) -> NDArray[np.float64]:
        wanted = [match.values for match in matches if match.wanted]
        others = [match.values for match in matches if not match.wanted]
        said = np.zeros(len(matches[0].values))
        if wanted:
            said += self.weights.kind * np.mean(wanted, axis=0)
        for match in matches:
            if match.others is not None:
                said -= self.weights.other_kind * match.others
        if others:
            said += self.weights.properties * np.mean(others, axis=0)
        return said
