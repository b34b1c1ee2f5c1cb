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
from index_builder.graph.alignment.attributes import align_attributes
from index_builder.graph.alignment.category_names import other_names
from index_builder.graph.alignment.evidence import (
    KEYS,
    SMOOTH_TITLE,
    TITLE,
    Embed,
    TypeEvidence,
    concept_texts,
    key_meanings,
    spread_types,
    type_names,
)
from index_builder.graph.alignment.pairs import AttributeOverlap, TitleWords
from index_builder.graph.alignment.votes import Nearness, Neighbours, key_vectors, nearest, telling_keys
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
_VOTES = 1.0
_TEMPERATURE = 0.8
_LEAST_VOTE = 0.003
_AGREED = 0.6
_GROUP = 1.0
_SMALL_GROUP = 3
_SHARES = (0.0, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0)
_RIGHT = (0.0, 0.4, 0.55, 0.62, 0.72, 0.88, 0.97)


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
    vectors: FloatArray | None = None,
    embed: Embed | None = None,
) -> ProductAlignment:
    """Three categories for each product. `vectors` are unit rows of the products' texts, from the same
    encoder as `embed`; without them only words are compared.
    """
    if not products or not taxonomy.concepts:
        return ProductAlignment(
            np.full((len(products), BEST), -1, np.int32), np.zeros((len(products), BEST), np.float32)
        )
    aligner = _Aligner(products, draft, taxonomy, vectors, embed)
    return aligner.run()


class _Aligner:
    def __init__(
        self,
        products: Sequence[Product],
        draft: Draft,
        taxonomy: Ontology,
        vectors: FloatArray | None,
        embed: Embed | None,
    ) -> None:
        self.products = products
        self.draft = draft
        self.embed = embed
        self.taxonomy = taxonomy
        self.index = NameIndex(
            [
                (*concept.names(), *others)
                for concept, others in zip(taxonomy.concepts, other_names(taxonomy), strict=True)
            ]
        )
        self.types = type_names(draft)
        self.type_evidence = TypeEvidence(self.types, taxonomy, self.index, embed)
        self.neighbours = self._neighbours(vectors)
        self.spread = spread_types(self.types, self.neighbours)
        self.texts = concept_texts(taxonomy)
        self.title = self._titles(vectors, embed)

    def _neighbours(self, vectors: FloatArray | None) -> Neighbours | None:
        keys = key_vectors(self.products, telling_keys(self.products))
        text = np.zeros((len(self.products), 1), np.float32) if vectors is None else vectors
        return nearest(np.asarray(text, np.float32), keys) if len(self.products) > 1 else None

    def _titles(
        self, vectors: FloatArray | None, embed: Embed | None
    ) -> tuple[FloatArray, FloatArray] | None:
        """What the encoder makes of products, weighed and summed, and of concepts' texts."""
        if vectors is None or embed is None:
            return None
        concepts = np.asarray(embed(self.texts.texts), np.float32)
        texts = TITLE * np.asarray(vectors, np.float32)
        if self.neighbours is not None:
            for place in range(self.neighbours.rows.shape[1]):
                weight = SMOOTH_TITLE * self.neighbours.weights[:, place, None]
                texts = texts + weight * vectors[self.neighbours.rows[:, place]]
        keys = key_meanings(self.products, embed)
        if keys.shape[1] == texts.shape[1]:
            texts = texts + KEYS * keys
        return np.asarray(texts, np.float32), concepts

    def run(self) -> ProductAlignment:
        prior = self._nearness()
        candidates, scores = self._candidates(prior)
        scores += self._pairs(candidates)
        shares = _softmax(scores * _TEMPERATURE)
        if self.neighbours is not None:
            votes = _votes(candidates, shares, self.neighbours)
            shares = _softmax(scores * _TEMPERATURE + _VOTES * np.log(votes + _LEAST_VOTE))
        shares = self._agree(candidates, shares)
        order = np.argsort(-shares, axis=1, kind="stable")[:, :BEST]
        best = np.take_along_axis(candidates, order, axis=1).astype(np.int32)
        sure = np.take_along_axis(shares, order, axis=1).astype(np.float32)
        missing = BEST - best.shape[1]
        if missing > 0:
            best = np.pad(best, ((0, 0), (0, missing)), constant_values=-1)
            sure = np.pad(sure, ((0, 0), (0, missing)))
        return ProductAlignment(best, calibrated(sure))

    def _scores(self, rows: NDArray[np.int64]) -> FloatArray:
        """Float32 (rows, concepts), evidence that is the same kind for all concepts."""
        scores = self.spread[rows] @ self.type_evidence.scores
        if self.title is not None:
            scores += self.texts.best(self.title[0][rows] @ self.title[1].T)
        return np.asarray(scores, np.float32)

    def _nearness(self) -> FloatArray:
        """The logarithm of how much likelier each category is in this shop than at large."""
        parents = self.taxonomy.parents()
        count = len(parents)
        nearness = Nearness([self.taxonomy.path(place, parents) for place in range(count)])
        rows = np.arange(len(self.products))
        if len(rows) > _SAMPLED:
            rows = np.sort(np.random.default_rng(7).choice(rows, _SAMPLED, replace=False))
        prior = np.zeros(count, np.float32)
        for _ in range(_ROUNDS):
            mass = np.zeros(count)
            for start in range(0, len(rows), _CHUNK):
                mass += _softmax(self._scores(rows[start : start + _CHUNK]) + prior).sum(0)
            prior = np.asarray(_NEARNESS * np.log(nearness(mass) * count), np.float32)
        return prior

    def _candidates(self, prior: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
        count = min(CANDIDATES, len(prior))
        found = np.empty((len(self.products), count), np.int64)
        scores = np.empty((len(self.products), count), np.float32)
        for start in range(0, len(found), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(found)))
            every = self._scores(rows) + prior
            best = np.argpartition(-every, count - 1, axis=1)[:, :count]
            found[rows] = np.sort(best, axis=1)
            scores[rows] = np.take_along_axis(every, found[rows], axis=1)
        return found, scores

    def _pairs(self, candidates: NDArray[np.int64]) -> FloatArray:
        listed = candidates.tolist()
        words = TitleWords(self.products, self.index)
        found = np.array([words(row, concepts) for row, concepts in enumerate(listed)], np.float32)
        if isinstance(self.taxonomy, Taxonomy) and self.taxonomy.attributes:
            keys = align_attributes(self.draft, self.taxonomy, self.embed).keys
            overlap = AttributeOverlap(self.products, self.taxonomy, keys)
            found += np.array([overlap(row, concepts) for row, concepts in enumerate(listed)], np.float32)
        return found

    def _agree(self, candidates: NDArray[np.int64], shares: FloatArray) -> FloatArray:
        """Products of one type move towards what most of them are, where most of them agree."""
        places = self.types.places
        typed = np.flatnonzero(places >= 0)
        if not len(typed):
            return shares
        width = len(self.taxonomy.concepts)
        keys = places[typed, None] * width + candidates[typed]
        codes, where = np.unique(keys, return_inverse=True)
        where = where.reshape(keys.shape)
        sizes = np.bincount(places[typed], minlength=len(self.types.names))
        mean = np.bincount(where.ravel(), shares[typed].ravel()) / sizes[codes // width]
        most = np.zeros(len(self.types.names))
        np.maximum.at(most, codes // width, mean)
        agreed = ((most >= _AGREED) & (sizes >= _SMALL_GROUP))[places[typed]]
        mixed = shares[typed] * (mean[where] + _LEAST_VOTE) ** _GROUP
        mixed /= mixed.sum(1, keepdims=True)
        found = shares.copy()
        found[typed[agreed]] = mixed[agreed]
        return found


def calibrated(shares: FloatArray) -> FloatArray:
    """From shares of the evidence to how often such an answer is right, by hand-labelled products."""
    return np.asarray(np.interp(shares, _SHARES, _RIGHT), np.float32)


def _votes(candidates: NDArray[np.int64], shares: FloatArray, neighbours: Neighbours) -> FloatArray:
    """Float32 (n, candidates): the share of each candidate among the neighbours'."""
    found = np.zeros_like(shares)
    for start in range(0, len(candidates), _CHUNK):
        rows = slice(start, start + _CHUNK)
        for place in range(neighbours.rows.shape[1]):
            other = neighbours.rows[rows, place]
            same = candidates[rows][:, :, None] == candidates[other][:, None, :]
            said = np.einsum("rco,ro->rc", same, shares[other])
            found[rows] += neighbours.weights[rows, place, None] * said
    return found


def _softmax(scores: FloatArray) -> FloatArray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
