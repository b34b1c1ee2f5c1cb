"""Learns how much of a meaning survives one step along each relation of the graph.

A step is worth what it finds: of the products that a relation adds to those which hang on the words' own
entities, the mean gain, relative to the mean gain of the latter. Judged queries say it best; without them,
queries composed from the graph do, whose answers are known. Few observations are drawn towards the default
(a Beta prior, so that one lucky product decides nothing).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.backends.graph_tables import GraphTables
from engine.backends.relation_weights import RelationWeight, RelationWeights
from engine.stages.affinity import POSTING_LIMIT
from engine.stages.expand import DEFAULT_RELATIONS, Expand, ExpansionSpec
from engine.stages.understand import Understand
from engine.types import EntityLink, Expansion, FloatArray, Mask
from index_builder.graph.compose import ComposedQuery
from index_builder.judgements import Judgements
from index_builder.train.cards.query_hashes import query_hashes

PRIOR = 50.0
"""Products that the default weight counts for."""
_SURE = 0.6
"""Confidence of a link from which a query teaches something of the ways that start there."""
_SPEC = ExpansionSpec(max_expansions=64)


@dataclass(frozen=True, slots=True)
class Lesson:
    """`gains` float32 (products,) in [0, 1]; NaN for a product of which nothing is known. `entities` are the
    IRIs that the query means, where that is known: of composed queries, not of those that people asked.
    """

    query: str
    gains: FloatArray
    entities: frozenset[str] | None = None

    def means(self, link: EntityLink) -> bool:
        if self.entities is None:
            return link.confidence >= _SURE
        return link.entity.iri in self.entities


def judged_lessons(judgements: Judgements, rows: Mapping[str, int], product_total: int) -> list[Lesson]:
    """Ratings over the query's best; `rows` are those of the generation by product id."""
    lessons = []
    for query_id, text in judgements.queries.items():
        ratings = judgements.ratings[query_id]
        best = max(ratings.values())
        gains = np.full(product_total, np.nan, np.float32)
        for product_id, rating in ratings.items():
            if product_id in rows:
                gains[rows[product_id]] = max(0.0, rating) / best
        lessons.append(Lesson(text, gains))
    return lessons


def composed_lessons(
    composed: Sequence[ComposedQuery], tables: GraphTables, *, limit: int = 2_000, seed: int = 7
) -> list[Lesson]:
    """A product answers a composed query when it hangs on all of its entities, fails when it misses one, and
    teaches nothing when it misses more; at most `limit` queries.
    """
    chosen: Sequence[int] = range(len(composed))
    if len(composed) > limit:
        chosen = np.sort(np.random.default_rng(seed).choice(len(composed), limit, replace=False)).tolist()
    return [
        Lesson(
            composed[place].text,
            _answers(composed[place], tables),
            frozenset(tables.entities[entity].iri for entity in composed[place].entities),
        )
        for place in chosen
    ]


def _answers(query: ComposedQuery, tables: GraphTables) -> FloatArray:
    counts = np.zeros(tables.product_total, np.int32)
    for entity in query.entities:
        counts[tables.products(entity)] += 1
    wanted = len(query.entities)
    return np.where(counts >= wanted - 1, counts == wanted, np.nan).astype(np.float32)


def fit_relation_weights(
    lessons: Sequence[Lesson], understand: Understand, expand: Expand, source: str
) -> RelationWeights:
    """Weights in (0, 1] of the relations that were walked, with the products that each was learned from.
    `source` says of what kind the lessons are.
    """
    counter = _Counter(expand)
    for lesson in lessons:
        counter.learn(expand(understand(lesson.query), _SPEC), lesson)
    asked = query_hashes(lesson.query for lesson in lessons if lesson.entities is None)
    return RelationWeights(source, len(lessons), counter.weights(), asked)


class _Counter:
    def __init__(self, expand: Expand) -> None:
        self.expand = expand
        self.gained: defaultdict[str, float] = defaultdict(float)
        self.products: defaultdict[str, int] = defaultdict(int)
        self.direct_gain = self.direct_products = 0.0

    def learn(self, expansions: Sequence[Expansion], lesson: Lesson) -> None:
        gains = lesson.gains
        own: dict[EntityLink, Mask] = {}
        for expansion in expansions:
            if not expansion.path and lesson.means(expansion.link):
                own[expansion.link] = self._holding(expansion, gains)
        if not own:
            return
        named: Mask = np.any(list(own.values()), axis=0)
        self._direct(gains[named])
        for expansion in expansions:
            if len(expansion.path) == 1 and expansion.link in own:
                self._step(expansion.path[0].relation, gains[self._holding(expansion, gains) & ~named])

    def _holding(self, expansion: Expansion, gains: FloatArray) -> Mask:
        holding = np.zeros(len(gains), np.bool_)
        holding[self.expand.graph.products(expansion.entity, POSTING_LIMIT)] = True
        return holding

    def _direct(self, gains: FloatArray) -> None:
        known = gains[~np.isnan(gains)]
        self.direct_gain += float(known.sum())
        self.direct_products += len(known)

    def _step(self, relation: str, gains: FloatArray) -> None:
        known = gains[~np.isnan(gains)]
        self.gained[relation] += float(known.sum())
        self.products[relation] += len(known)

    def weights(self) -> dict[str, RelationWeight]:
        direct = self.direct_gain / self.direct_products if self.direct_gain else 1.0
        found = {}
        for relation in sorted({*DEFAULT_RELATIONS, *self.products}):
            default = DEFAULT_RELATIONS.get(relation, min(DEFAULT_RELATIONS.values()))
            seen, gain = self.products[relation], self.gained[relation] / direct
            weight = (gain + PRIOR * default) / (seen + PRIOR)
            found[relation] = RelationWeight(round(min(1.0, weight), 4), seen)
        return found
