"""What answers a composed query, and what only looks as if it did.

- `trap`: the title says the words of the query's type, but the product is of another type (a mouse pad for
  "mouse"): what word search gets wrong most often;
- `contrast`: of the wanted type, but of another colour, brand, size, series or printer;
- `other type`: of the wanted brand, but another thing;
- `random`: any product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from engine.backends.graph_tables import GraphTables
from engine.text import singular, tokens
from engine.types import EntityKind, Product, RowArray
from index_builder.graph.compose import ComposedQuery
from index_builder.graph.facets import ProductFacets, facets_of
from index_builder.train.queries.amounts import amounts
from index_builder.train.queries.title_words import TitleWords

POSITIVE, PARTIAL, NEGATIVE = 1.0, 0.3, 0.0
"""Grades: answers the query; the right type of product with something else amiss; not it."""

BRAND = "brand"
"""The pattern of a query that is a brand and nothing else."""
MIN_CONFIDENCE = 0.7
"""From which on an answer may be learnt from. Below, about half of those looked at were wrong."""
_NONE = np.empty(0, np.int64)


class LookAlikes:
    """Pools of rows for a query, int64 and ascending; what is asked again is remembered."""

    def __init__(self, products: Sequence[Product], tables: GraphTables) -> None:
        self._products = products
        self._tables = tables
        self.titles = TitleWords(products)
        self.facets = facets_of(tables)
        self._heads = [_heads(each) for each in self.facets]
        self._flags = np.zeros(len(products), np.bool_)
        self._rows_of: dict[int, RowArray] = {}
        self._traps_of: dict[tuple[str, int | None], RowArray] = {}

    def pools(self, query: ComposedQuery, answers: RowArray) -> Mapping[str, tuple[RowArray, float]]:
        """Candidates by name with their grade, without answers."""
        # What is made "for" a brand says its name without being of it: not asked for, but no mistake either.
        trap = PARTIAL if query.pattern == BRAND else NEGATIVE
        return {
            "trap": (self._traps(query, answers), trap),
            "contrast": (self._contrasts(query, answers), PARTIAL),
            "other type": (self._other_types(query, answers), NEGATIVE),
            "random": (np.arange(len(self.titles)), NEGATIVE),
        }

    def answers(self, query: ComposedQuery) -> RowArray:
        """Products that hang on all entities of the query (more than `query.rows` may hold); where it names a
        series or a size, which are no entities, those of them whose titles say it, in whichever unit.
        """
        rows = self._hanging(query)
        if query.pattern == "series":
            rows = self._kept(rows, self.titles.saying(self._unnamed(query)))
        elif query.pattern == "size type":
            rows = self._kept(rows, self._measuring(amounts(query.text)))
        return np.union1d(rows, query.rows)

    def sure(self, query: ComposedQuery) -> RowArray:
        """Those of `query.rows` that the graph holds to hang on all of the entities with some confidence."""
        kept = query.rows
        for entity in query.entities:
            kept = kept[self._tables.confidence_of(entity, kept) >= MIN_CONFIDENCE]
        return kept

    def without(self, rows: RowArray, others: RowArray) -> RowArray:
        """As numpy's setdiff1d, ten times as fast: nothing is sorted."""
        return self._flagged(rows, others, wanted=False)

    def rows_of(self, entity: int) -> RowArray:
        rows = self._rows_of.get(entity)
        if rows is None:
            rows = self._rows_of[entity] = self._tables.products(entity)
        return rows

    def _kept(self, rows: RowArray, others: RowArray) -> RowArray:
        return self._flagged(rows, others, wanted=True)

    def _flagged(self, rows: RowArray, others: RowArray, *, wanted: bool) -> RowArray:
        self._flags[others] = True
        kept: RowArray = rows[self._flags[rows] == wanted]
        self._flags[others] = False
        return kept

    def _hanging(self, query: ComposedQuery) -> RowArray:
        rows = self.rows_of(query.entities[0])
        for entity in query.entities[1:]:
            rows = self._kept(rows, self.rows_of(entity))
        return rows

    def _unnamed(self, query: ComposedQuery) -> list[str]:
        """The query's words that are in none of its entities' names."""
        labels = " ".join(self._tables.entities[entity].label for entity in query.entities)
        named = {singular(word) for word in tokens(labels)}
        return [word for word in map(singular, tokens(query.text)) if word not in named]

    @cached_property
    def _amount_rows(self) -> Mapping[str, RowArray]:
        rows: dict[str, list[int]] = {}
        for row, product in enumerate(self._products):
            for name in amounts(product.title):
                rows.setdefault(name, []).append(row)
        return {name: np.asarray(found, np.int64) for name, found in rows.items()}

    @cached_property
    def _measured(self) -> RowArray:
        return self._measuring(frozenset(self._amount_rows))

    def _measuring(self, amounts: frozenset[str]) -> RowArray:
        return np.unique(np.concatenate([self._amount_rows.get(name, _NONE) for name in amounts] or [_NONE]))

    def _traps(self, query: ComposedQuery, answers: RowArray) -> RowArray:
        """Titles with all words of the query's type, or of the query, of products that are something else:
        their own type is known and its head is another word.
        """
        kinds = self.of_kind(query, EntityKind.CATEGORY)
        text = self._tables.entities[kinds[0]].label if kinds else query.text
        kind = kinds[0] if kinds else None
        traps = self._traps_of.get((text, kind))
        if traps is None:
            words = [singular(word) for word in tokens(text)]
            said = self.titles.saying(words).tolist()
            found = [row for row in said if self._heads[row] and words[-1] not in self._heads[row]]
            traps = np.asarray(found, np.int64)
            traps = traps if kind is None else self.without(traps, self.rows_of(kind))
            self._traps_of[text, kind] = traps
        return self.without(traps, answers)

    def _contrasts(self, query: ComposedQuery, answers: RowArray) -> RowArray:
        """Of the wanted type (for a series, at least of the brand), and not an answer; for a size only those
        that state one. A query that names one entity and nothing else has none.
        """
        kinds = self.of_kind(query, EntityKind.CATEGORY)
        if query.pattern == "size type":
            return self.without(self._kept(self.rows_of(kinds[0]), self._measured), answers)
        if query.pattern == "series":
            return self.without(self.rows_of((kinds or query.entities)[0]), answers)
        if not kinds or len(query.entities) == 1:
            return _NONE
        return self.without(self.rows_of(kinds[0]), answers)

    def _other_types(self, query: ComposedQuery, answers: RowArray) -> RowArray:
        brands = self.of_kind(query, EntityKind.BRAND)
        if not brands or len(query.entities) == 1:
            return _NONE
        others = self.rows_of(brands[0])
        for kind in self.of_kind(query, EntityKind.CATEGORY):
            others = self.without(others, self.rows_of(kind))
        return self.without(others, answers)

    def of_kind(self, query: ComposedQuery, kind: EntityKind) -> list[int]:
        return [entity for entity in query.entities if self._tables.entities[entity].kind is kind]


def _heads(facets: ProductFacets) -> frozenset[str]:
    """The last words of every name of the product's types: what it is."""
    names = (name for kind in facets.types for name in (kind.text, *kind.synonyms))
    return frozenset(singular(name.split()[-1]) for name in names)
