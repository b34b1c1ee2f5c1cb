"""Training pairs for the cross-encoder, made from the graph: no clicks needed.

Every composed query gives a product that answers it and products that look as if they did:

- `trap`: the title says the query's words, but the product is of another type (a mouse pad for "mouse"):
  what word search gets wrong most often;
- `contrast`: of the wanted type, but of another colour, brand, size or printer;
- `other type`: of the wanted brand, but another thing;
- `random`: any product.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from engine.backends.graph_tables import GraphTables
from engine.text import singular, tokens
from engine.types import EntityKind, Product, RowArray
from index_builder.graph.compose import ComposedQuery
from index_builder.graph.facets import ProductFacets, facets_of
from index_builder.train.query import TrainingPair

POSITIVE, PARTIAL, NEGATIVE = 1.0, 0.3, 0.0
"""Labels: answers the query; the right type of product with something else amiss; not it."""

_POSITIVES = 1
_NEGATIVES = {"trap": 3, "contrast": 2, "other type": 1, "random": 2}
_TYPE_SHARE = 0.5
"""Of the queries drawn, those that name a type and nothing else: there, word search errs most."""
_PLURAL_SHARE = 0.15
_NEAR_DUPLICATE = 0.9
"""Jaccard similarity of title words from which a product is too like the positive to be a negative."""
_TRIES = 8
_LETTER = re.compile("[a-rt-z]")


def make_training_pairs(
    products: Sequence[Product],
    composed: Sequence[ComposedQuery],
    tables: GraphTables,
    product_text: Callable[[Product], str],
    *,
    limit: int,
    seed: int = 7,
) -> list[TrainingPair]:
    """At most `limit` pairs; the same input and seed give the same ones.

    The pairs of one drawn query stand together, its positive first, so that they may be read as a list.
    Half of the queries drawn name a type alone (the chance of each is the root of its product count, with
    replacement), the others are drawn alike.
    """
    maker = _PairMaker(products, tables, np.random.default_rng(seed))
    pairs: list[TrainingPair] = []
    for text, query in maker.draw(composed):
        rows = maker.rows_for(query)
        pairs.extend(TrainingPair(text, product_text(products[row]), label) for row, label in rows)
        if len(pairs) >= limit:
            break
    return pairs[:limit]


class _PairMaker:
    def __init__(self, products: Sequence[Product], tables: GraphTables, chance: np.random.Generator) -> None:
        self.chance = chance
        self._tables = tables
        self._titles = [frozenset(singular(word) for word in tokens(product.title)) for product in products]
        self._heads = [_heads(each) for each in facets_of(tables)]
        self._said_in: defaultdict[str, list[int]] = defaultdict(list)
        for row, words in enumerate(self._titles):
            for word in sorted(words):
                self._said_in[word].append(row)

    def draw(self, composed: Sequence[ComposedQuery]) -> Iterator[tuple[str, ComposedQuery]]:
        """Queries without end, each with the words it is asked in; none when there are none."""
        kinds = [query for query in composed if query.pattern == "type"]
        others = [query for query in composed if query.pattern != "type"]
        chance = np.sqrt([query.count for query in kinds])
        while composed:
            if kinds and (not others or self.chance.random() < _TYPE_SHARE):
                query = kinds[int(self.chance.choice(len(kinds), p=chance / chance.sum()))]
                plural = self.chance.random() < _PLURAL_SHARE and _LETTER.match(query.text[-1])
                yield (f"{query.text}s" if plural else query.text), query
            else:
                query = others[int(self.chance.integers(len(others)))]
                yield query.text, query

    def rows_for(self, query: ComposedQuery) -> Iterator[tuple[int, float]]:
        """Rows with their labels; none for a query that gives nothing to learn from."""
        answers = self._answers(query)
        best = query.rows[:10]
        positives = self.chance.choice(best, min(_POSITIVES, len(best)), replace=False)
        used = set(positives.tolist())
        for row in positives.tolist():
            yield row, POSITIVE
        pools = {
            "trap": (self._traps(query, answers), NEGATIVE),
            "contrast": (self._contrasts(query, answers), PARTIAL),
            "other type": (self._other_types(query, answers), NEGATIVE),
            "random": (np.arange(len(self._titles)), NEGATIVE),
        }
        for name, (pool, label) in pools.items():
            for row in self._draw(pool, _NEGATIVES[name], answers, positives, query):
                if row not in used:
                    used.add(row)
                    yield row, label

    def _draw(
        self, pool: RowArray, count: int, answers: RowArray, positives: RowArray, query: ComposedQuery
    ) -> list[int]:
        """Rows of the pool that do not answer the query and are no near duplicates of its positives."""
        if not len(pool):
            return []
        answering = set(answers.tolist()) | set(query.rows.tolist())
        drawn: list[int] = []
        for row in self.chance.choice(pool, min(len(pool), count * _TRIES), replace=False).tolist():
            if len(drawn) == count:
                break
            if row not in answering and not self._is_like(row, positives):
                drawn.append(row)
        return drawn

    def _is_like(self, row: int, positives: RowArray) -> bool:
        words = self._titles[row]
        return any(
            len(words & self._titles[other]) >= _NEAR_DUPLICATE * len(words | self._titles[other])
            for other in positives.tolist()
        )

    def _answers(self, query: ComposedQuery) -> RowArray:
        """Products that hang on all entities of the query (more than `query.rows` may hold)."""
        rows = self._tables.products(query.entities[0])
        for entity in query.entities[1:]:
            rows = np.intersect1d(rows, self._tables.products(entity), assume_unique=True)
        return rows

    def _traps(self, query: ComposedQuery, answers: RowArray) -> RowArray:
        """Titles with all words of the query's type, or of the query, of products that are something else:
        their own type is known and its head is another word.
        """
        kinds = self._of_kind(query, EntityKind.CATEGORY)
        text = self._tables.entities[kinds[0]].label if kinds else query.text
        words = [singular(word) for word in tokens(text)]
        if not words:
            return np.empty(0, np.int64)
        said = set(self._said_in[words[0]])
        for word in words[1:]:
            said.intersection_update(self._said_in[word])
        traps = [row for row in sorted(said) if self._heads[row] and words[-1] not in self._heads[row]]
        typed = self._tables.products(kinds[0]) if kinds else answers
        return np.setdiff1d(np.asarray(traps, np.int64), typed)

    def _contrasts(self, query: ComposedQuery, answers: RowArray) -> RowArray:
        """Of the wanted type, and not an answer; for a query of one entity there is no such thing."""
        kinds = self._of_kind(query, EntityKind.CATEGORY)
        if not kinds or len(query.entities) == 1:
            return np.empty(0, np.int64)
        return np.setdiff1d(self._tables.products(kinds[0]), answers, assume_unique=True)

    def _other_types(self, query: ComposedQuery, answers: RowArray) -> RowArray:
        brands = self._of_kind(query, EntityKind.BRAND)
        if not brands or len(query.entities) == 1:
            return np.empty(0, np.int64)
        others = self._tables.products(brands[0])
        for kind in self._of_kind(query, EntityKind.CATEGORY):
            others = np.setdiff1d(others, self._tables.products(kind), assume_unique=True)
        return np.setdiff1d(others, answers, assume_unique=True)

    def _of_kind(self, query: ComposedQuery, kind: EntityKind) -> list[int]:
        return [entity for entity in query.entities if self._tables.entities[entity].kind is kind]


def _heads(facets: ProductFacets) -> frozenset[str]:
    """The last words of every name of the product's types: what it is."""
    names = (name for kind in facets.types for name in (kind.text, *kind.synonyms))
    return frozenset(singular(name.split()[-1]) for name in names)
