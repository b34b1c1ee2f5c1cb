"""Stage 4, second half: hold every candidate against the query itself, whichever source found it.

A source's rank says nothing of a product that the source did not list: a lexical find has no dense rank,
even where its embedding is close. So the dense part of a score is the exact cosine, for each candidate
alike, on a scale that is the same for every encoder. Each also gains the share of the query's words that it
holds, or that the graph says of it, and what the graph says of the kind of product and of its other
properties. (On judged queries this beat fusing the sources' ranks.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.stages.cosine_scale import CosineScale
from engine.stages.fuse import Scored
from engine.stages.match import SpanMatch
from engine.stages.retrieve import LexicalIndex, Source, VectorIndex
from engine.types import Candidates, FloatArray, Mask, RowArray

COVERAGE = "coverage"
KIND = "graph_kind"
OTHER_KIND = "graph_other_kind"
PROPERTIES = "graph_properties"
SIMILARITY = "graph_similarity"
PRIOR = "prior"


@dataclass(frozen=True, slots=True)
class ComparisonWeights:
    """`dense` is what a closeness of 1 gains (see CosineScale), `coverage` what a product gains that holds
    every word, `kind` one that is surely what the query asks for, `properties` one with all the other
    properties that it names; `other_kind` is what one loses that is known to be of another kind.
    `similarity` is what a product gains that is as near as can be to the query's entities in the graph's
    embeddings, where that is asked for.
    """

    dense: float
    coverage: float
    kind: float
    other_kind: float
    properties: float
    similarity: float
    prior: float = 0.0


@dataclass(frozen=True, slots=True)
class Compare:
    """`priors`, float32 (products,) in [0, 1], says how popular each product is; None where that counts for
    nothing. `scale` is that of the encoder behind `products`.
    """

    products: VectorIndex
    lexical: LexicalIndex
    weights: ComparisonWeights
    priors: FloatArray | None = None
    scale: CosineScale = field(default_factory=CosineScale)

    def __call__(
        self,
        scored: Scored,
        *,
        words: Sequence[str] | None,
        vector: FloatArray | None,
        near: Candidates | None = None,
        matches: Sequence[SpanMatch] = (),
        nearness: FloatArray | None = None,
    ) -> Scored:
        """Without `vector` (dimension,) there is no dense part, without `words` no coverage. `near` are
        products whose cosine with `vector` is known. `matches` have one value for each of `scored.rows`, in
        their order, and spans that refer to `words`; `nearness` has one for each, too.
        """
        if not len(scored):
            return scored
        parts: dict[str, NDArray[np.float64]] = dict(scored.parts)
        if vector is not None and self.weights.dense:
            cosines = self._cosines(scored.rows, vector, near or Candidates.none())
            parts[Source.DENSE] = self.weights.dense * self.scale.closeness(cosines)
        if words and self.weights.coverage:
            parts[COVERAGE] = self.weights.coverage * self._covered(scored, words, matches)
        if matches:
            parts |= self._said(matches)
        if nearness is not None:
            parts[SIMILARITY] = self.weights.similarity * nearness.astype(np.float64)
        if self.priors is not None and self.weights.prior:
            parts[PRIOR] = self.weights.prior * self.priors[scored.rows].astype(np.float64)
        return Scored.ordered(scored.rows, parts)

    def _cosines(self, rows: RowArray, vector: FloatArray, near: Candidates) -> FloatArray:
        """Vectors are read back only of those that the search for them has not compared yet."""
        by_row = np.argsort(near.rows)
        places = np.searchsorted(near.rows, rows, sorter=by_row)
        known = places < len(near)
        known[known] = near.rows[by_row[places[known]]] == rows[known]
        cosines = np.empty(len(rows), np.float32)
        cosines[known] = near.scores[by_row[places[known]]]
        cosines[~known] = self.products.vectors(rows[~known]) @ vector
        return cosines

    def _covered(
        self, scored: Scored, words: Sequence[str], matches: Sequence[SpanMatch]
    ) -> NDArray[np.float64]:
        held = self.lexical.held(words, scored.rows)
        for match in matches:
            span = slice(match.start, match.end)
            held[span] = np.maximum(held[span], match.values)
        covered: NDArray[np.float64] = held.mean(axis=0, dtype=np.float64)
        return covered

    def _said(self, matches: Sequence[SpanMatch]) -> dict[str, NDArray[np.float64]]:
        """A part for the kind that is wanted, for being of another one, and for the other properties."""
        wanted = [match.values for match in matches if match.wanted]
        narrowing = [match.values for match in matches if not match.wanted]
        strangers = [match.others for match in matches if match.others is not None]
        said: dict[str, NDArray[np.float64]] = {}
        if wanted:
            said[KIND] = self.weights.kind * _mean(wanted)
        if strangers:
            said[OTHER_KIND] = -self.weights.other_kind * len(strangers) * _mean(strangers)
        if narrowing:
            said[PROPERTIES] = self.weights.properties * _mean(narrowing)
        return said


def _mean(values: Sequence[FloatArray] | Sequence[Mask]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.mean(values, axis=0, dtype=np.float64)
    return mean
