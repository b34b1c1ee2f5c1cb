"""Draws products for a query: some that answer it, and some that only look as if they did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.types import RowArray
from index_builder.graph.compose import ComposedQuery
from index_builder.train.queries.look_alikes import NEGATIVE, PARTIAL, POSITIVE, LookAlikes
from index_builder.train.queries.title_queries import TitleQuery

_BEST = 10
"""Positives are drawn from as many of the most typical answers."""
_NEGATIVES = {"trap": 3, "contrast": 2, "other type": 1, "random": 2}
_TITLE_CONTRASTS = 3
_TRIES = 8


class RowDrawer:
    """`chance` decides; what answers a query is looked up once."""

    def __init__(self, likes: LookAlikes, chance: np.random.Generator) -> None:
        self.chance = chance
        self._likes = likes
        self._answers: dict[tuple[str, str], RowArray] = {}

    def answers(self, query: ComposedQuery) -> RowArray:
        key = query.pattern, query.text
        if key not in self._answers:
            self._answers[key] = self._likes.answers(query)
        return self._answers[key]

    def for_composed(self, query: ComposedQuery, positives: int) -> list[tuple[int, float]]:
        """Different rows with their grades, the positives first."""
        answers = self.answers(query)
        best = self._drawn(query.rows[:_BEST], positives)
        grades = dict.fromkeys(best, POSITIVE)
        for name, (pool, grade) in self._likes.pools(query, answers).items():
            for row in self._unlike(pool, _NEGATIVES[name], answers, best):
                grades.setdefault(row, grade)
        return list(grades.items())

    def for_title(self, query: TitleQuery, positives: int) -> list[tuple[int, float]]:
        best = self._drawn(query.answers, positives)
        grades = dict.fromkeys(best, POSITIVE)
        everything = np.arange(len(self._likes.titles))
        for row in self._unlike(query.contrasts, _TITLE_CONTRASTS, query.answers, best):
            grades.setdefault(row, PARTIAL)
        for row in self._unlike(everything, _NEGATIVES["random"], query.answers, best):
            grades.setdefault(row, NEGATIVE)
        return list(grades.items())

    def _drawn(self, pool: RowArray, count: int) -> list[int]:
        return [int(row) for row in self.chance.choice(pool, min(count, len(pool)), replace=False)]

    def _unlike(
        self, pool: RowArray, count: int, answers: RowArray, positives: Sequence[int]
    ) -> Iterator[int]:
        """Rows of the pool that do not answer the query and are no near duplicates of its positives."""
        if not len(pool):
            return
        drawn = self.chance.choice(pool, min(len(pool), count * _TRIES), replace=False)
        for row in self._likes.without(drawn, answers).tolist():
            if not self._likes.titles.near_duplicates(row, positives):
                yield row
                count -= 1
                if not count:
                    return
