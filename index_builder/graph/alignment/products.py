"""Ties products to the categories of a taxonomy, without training data.

Evidence is added up as logarithms of odds: the names of the product's type and of the category (words and
meaning), the title and the category's name (words and meaning), what the attribute keys mean, and where in
the taxonomy the shop's other products lie. Neighbours have a say throughout. The products of one type are
decided together where they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import FloatArray, Product
from index_builder.graph.alignment.attributes import AttributeAlignment
from index_builder.graph.alignment.category_names import other_names
from index_builder.graph.alignment.decide import (
    calibrated,
    heard_neighbours,
    shares_of,
    softmax,
    with_one_voice,
)
from index_builder.graph.alignment.evidence import TypeEvidence, spread_types, type_names
from index_builder.graph.alignment.meanings import Meanings
from index_builder.graph.alignment.pairs import AttributeOverlap, TitleWords
from index_builder.graph.alignment.product_meanings import ProductMeanings
from index_builder.graph.alignment.votes import Nearness, key_vectors, nearest, telling_keys
from index_builder.graph.alignment.words import NameIndex
from index_builder.graph.draft import Draft
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.taxonomy import Taxonomy

BEST = 3
CANDIDATES = 24
_NEARNESS = 0.6
_ROUNDS = 3
_SAMPLED = 3000
_CHUNK = 512
_UNTOLD = 0.5
"""Of the confidence, where neither type nor title nor attributes say anything of the categories, so that only
neighbours and what the shop sells at large do.
"""


@dataclass(frozen=True, slots=True)
class ProductAlignment:
    """`categories` int32 (n, 3) are places in the taxonomy's concepts, best first, -1 for none; `confidence`
    float32 (n, 3) in [0, 1] is calibrated: of those said with .8, about four in five are right.
    """

    categories: NDArray[np.int32]
    confidence: FloatArray


def align_products(
    products: Sequence[Product],
    draft: Draft,
    taxonomy: Ontology,
    *,
    attributes: AttributeAlignment | None = None,
    vectors: FloatArray | None = None,
    meanings: Meanings | None = None,
) -> ProductAlignment:
    """Three categories for each product. `vectors` are unit rows of the products' texts, from the encoder
    behind `meanings`; without the two only words are compared. `attributes` ties the catalogue's keys to the
    taxonomy's.
    """
    if not products or not taxonomy.concepts:
        return ProductAlignment(
            np.full((len(products), BEST), -1, np.int32), np.zeros((len(products), BEST), np.float32)
        )
    scorer = _Scorer(products, draft, taxonomy, vectors, meanings)
    candidates, scores = scorer.candidates()
    said = _pairs(products, taxonomy, scorer.index, attributes, candidates)
    scores += said
    shares = (
        shares_of(scores)
        if scorer.neighbours is None
        else heard_neighbours(candidates, scores, scorer.neighbours)
    )
    shares = with_one_voice(candidates, shares, scorer.types.places, len(taxonomy.concepts))
    order = np.argsort(-shares, axis=1, kind="stable")[:, :BEST]
    best = np.take_along_axis(candidates, order, axis=1).astype(np.int32)
    sure = calibrated(np.take_along_axis(shares, order, axis=1))
    sure[~scorer.told & (said.max(axis=1) <= 0)] *= np.float32(_UNTOLD)
    missing = ((0, 0), (0, BEST - best.shape[1]))
    return ProductAlignment(np.pad(best, missing, constant_values=-1), np.pad(sure, missing))


def _pairs(
    products: Sequence[Product],
    taxonomy: Ontology,
    index: NameIndex,
    attributes: AttributeAlignment | None,
    candidates: NDArray[np.int64],
) -> FloatArray:
    """Float32 (n, candidates): what each product says of its own candidates."""
    listed = candidates.tolist()
    words = TitleWords(products, index)
    found = np.array([words(row, concepts) for row, concepts in enumerate(listed)], np.float32)
    if attributes is not None and isinstance(taxonomy, Taxonomy):
        overlap = AttributeOverlap(products, taxonomy, attributes.keys)
        found += np.array([overlap(row, concepts) for row, concepts in enumerate(listed)], np.float32)
    return found


class _Scorer:
    """Evidence of the same kind for all concepts, and the concepts that it leaves in question."""

    def __init__(
        self,
        products: Sequence[Product],
        draft: Draft,
        taxonomy: Ontology,
        vectors: FloatArray | None,
        meanings: Meanings | None,
    ) -> None:
        self._taxonomy = taxonomy
        others = other_names(taxonomy)
        self.index = NameIndex(
            [(*concept.names(), *more) for concept, more in zip(taxonomy.concepts, others, strict=True)]
        )
        self.types = type_names(draft)
        keys = key_vectors(products, telling_keys(products))
        text = np.zeros((len(products), 1), np.float32) if vectors is None else vectors
        self.neighbours = nearest(np.asarray(text, np.float32), keys) if len(products) > 1 else None
        self._spread = spread_types(self.types, self.neighbours)
        types = TypeEvidence(self.types, taxonomy, self.index, meanings)
        self._read: ProductMeanings | None = None
        if vectors is not None and meanings is not None:
            self._read = ProductMeanings(
                products, np.asarray(vectors, np.float32), self.neighbours, taxonomy, others, meanings
            )
            types.doubt(self._read.of_groups(self.types.places, len(self.types.names)))
        self._type_scores = types.scores
        told = np.append(types.told, False)[self.types.places]
        self.told: NDArray[np.bool_] = told if self._read is None else told | self._read.told

    def candidates(self) -> tuple[NDArray[np.int64], FloatArray]:
        """The likeliest concepts of each product, by place, int64 (n, at most 24), and their scores."""
        prior = self._nearness()
        total = self._spread.shape[0]
        count = min(CANDIDATES, len(prior))
        found = np.empty((total, count), np.int64)
        scores = np.empty((total, count), np.float32)
        for start in range(0, total, _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, total))
            every = self._scores(rows) + prior
            best = np.argpartition(-every, count - 1, axis=1)[:, :count]
            found[rows] = np.sort(best, axis=1)
            scores[rows] = np.take_along_axis(every, found[rows], axis=1)
        return found, scores

    def _scores(self, rows: NDArray[np.int64]) -> FloatArray:
        """Float32 (rows, concepts)."""
        scores = self._spread[rows] @ self._type_scores
        if self._read is not None:
            scores += self._read.scores(rows)
        return np.asarray(scores, np.float32)

    def _nearness(self) -> FloatArray:
        """The logarithm of how much likelier each category is in this shop than at large."""
        parents = self._taxonomy.parents()
        count = len(parents)
        nearness = Nearness([self._taxonomy.path(place, parents) for place in range(count)])
        rows = np.arange(self._spread.shape[0])
        if len(rows) > _SAMPLED:
            rows = np.sort(np.random.default_rng(7).choice(rows, _SAMPLED, replace=False))
        kept = [self._scores(rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)]
        prior = np.zeros(count, np.float32)
        for _ in range(_ROUNDS):
            mass = np.zeros(count)
            for scores in kept:
                mass += softmax(scores + prior).sum(0)
            prior = np.asarray(_NEARNESS * np.log(nearness(mass) * count), np.float32)
        return prior
