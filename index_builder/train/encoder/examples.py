"""Turns queries with graded products into the examples of one round: a positive and negatives for each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ConfigError
from engine.files import write_atomically
from engine.types import FloatArray, RowArray
from index_builder.train.queries.query import ANSWERS_FROM, TrainingQuery

_WELL_BELOW = 0.3
"""A graded product is a negative when its grade is at least so far below the positive's."""
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Examples:
    """`queries`, int64 (n,), are places in the list of training queries; `rows`, int64 (n, 1 + k), are
    products, the positive first; `grades`, float32 (n, 1 + k), are theirs, 0 for what nobody graded.
    `teacher`, float32 (n, 1 + k), holds a cross-encoder's scores, NaN without one.
    """

    queries: RowArray
    rows: RowArray
    grades: FloatArray
    teacher: FloatArray

    def __len__(self) -> int:
        return len(self.queries)

    def write(self, path: Path) -> None:
        content = io.BytesIO()
        np.savez(content, queries=self.queries, rows=self.rows, grades=self.grades, teacher=self.teacher)
        write_atomically(path, content.getvalue())

    @classmethod
    def read(cls, path: Path) -> Examples:
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["queries"], stored["rows"], stored["grades"], stored["teacher"])


class ExampleMaker:
    """The same seed, round and negatives give the same examples.

    Every query comes up once before any comes up again, in an order that changes each time; each time it
    comes with another of its positives, until all had their turn. Better ones tend to come first.
    """

    def __init__(
        self, queries: Sequence[TrainingQuery], *, products: int, negatives: int, seed: int = 0
    ) -> None:
        """Raises ConfigError when no query has a product that answers it."""
        self._queries = queries
        self._products = products
        self._negatives = negatives
        self._seed = seed
        self.usable = np.array(
            [place for place, query in enumerate(queries) if np.any(query.grades >= ANSWERS_FROM)], np.int64
        )
        if not len(self.usable):
            raise ConfigError(
                f"None of the {len(queries)} training queries has a product that answers it (a grade of at "
                f"least {ANSWERS_FROM:g}), so there is nothing to learn from."
            )

    def make(self, round_: int, count: int, hard: Sequence[RowArray]) -> Examples:
        """`count` examples of round `round_` (from 0). `hard[i]` are mined negatives of query i; none is
        fine.
        """
        rows = np.empty((count, 1 + self._negatives), np.int64)
        grades = np.zeros(rows.shape, np.float32)
        queries = np.empty(count, np.int64)
        visits = [divmod(round_ * count + place, len(self.usable)) for place in range(count)]
        orders = {visit: self._order(visit) for visit in dict.fromkeys(visit for visit, _ in visits)}
        for place, (visit, turn) in enumerate(visits):
            chosen = int(self.usable[orders[visit][turn]])
            query = self._queries[chosen]
            queries[place] = chosen
            rows[place] = self._rows(chosen, visit, hard[chosen] if len(hard) else np.empty(0, np.int64))
            grades[place] = [_grade(query, row) for row in rows[place].tolist()]
        return Examples(queries, rows, grades, np.full(rows.shape, np.nan, np.float32))

    def _order(self, visit: int) -> RowArray:
        """The order of the queries at their `visit`-th time."""
        return np.random.default_rng((self._seed, visit)).permutation(len(self.usable))

    def _rows(self, place: int, visit: int, hard: RowArray) -> list[int]:
        query = self._queries[place]
        positive = self._positive(place, visit)
        chance = np.random.default_rng((self._seed, place, visit, 1))
        known = set(query.answers.tolist()) | {positive}
        low = query.grades <= _grade(query, positive) - _WELL_BELOW
        near = query.rows[query.grades > _grade(query, positive) - _WELL_BELOW].tolist()
        pools = [
            [row for row in chance.permutation(query.rows[low]).tolist() if row not in known],
            [row for row in chance.permutation(hard).tolist() if row not in known and row not in near],
        ]
        # Both kinds take turns, and which one begins changes from visit to visit.
        if (place + visit) % 2:
            pools.reverse()
        chosen: dict[int, None] = {}
        while len(chosen) < self._negatives and any(pools):
            for pool in pools:
                if pool and len(chosen) < self._negatives:
                    chosen[pool.pop()] = None
        return [positive, *chosen, *self._others(self._negatives - len(chosen), known | set(chosen), chance)]

    def _positive(self, place: int, visit: int) -> int:
        """Drawn without replacement with the grades as odds (Efraimidis and Spirakis 2006)."""
        query = self._queries[place]
        answers = np.flatnonzero(query.grades >= ANSWERS_FROM)
        again, turn = divmod(visit, len(answers))
        luck = np.random.default_rng((self._seed, place, again, 0)).random(len(answers))
        order = np.argsort(-(luck ** (1 / query.grades[answers])), kind="stable")
        return int(query.rows[answers[order[turn]]])

    def _others(self, count: int, known: set[int], chance: np.random.Generator) -> list[int]:
        """Random products that are no answers. Where nearly all products are, an answer may come up: the loss
        masks it.
        """
        drawn: list[int] = []
        for _ in range(count):
            row = int(chance.integers(self._products))
            for _ in range(_TRIES):
                if row not in known:
                    break
                row = int(chance.integers(self._products))
            drawn.append(row)
            known.add(row)
        return drawn


def _grade(query: TrainingQuery, row: int) -> float:
    found = np.flatnonzero(query.rows == row)
    return float(query.grades[found[0]]) if len(found) else 0.0


class ExampleTable:
    """The examples of the round that is running; `dataset` shows them as texts, and the loss reads the
    rest.
    """

    def __init__(
        self,
        queries: Sequence[TrainingQuery],
        texts: Sequence[str],
        *,
        query_prompt: str = "",
        product_prompt: str = "",
    ) -> None:
        self.queries = queries
        self._texts = texts
        self._prompts = query_prompt, product_prompt
        self.examples = Examples(
            np.empty(0, np.int64),
            np.empty((0, 2), np.int64),
            np.empty((0, 2), np.float32),
            np.empty((0, 2), np.float32),
        )

    def dataset(self, count: int) -> Any:
        """A `datasets.Dataset` of `count` rows: anchor, positive, negative_1, ... and `label`, an example's
        place.

        Texts are looked up when they are read, so the same dataset shows the next round when `examples`
        change.
        """
        from datasets import Dataset

        places = Dataset.from_dict({"label": list(range(count))})
        places.set_transform(self._as_texts)
        return places

    def _as_texts(self, batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        query_prompt, product_prompt = self._prompts
        places = batch["label"]
        rows = self.examples.rows[places]
        columns = ["positive", *(f"negative_{number}" for number in range(1, rows.shape[1]))]
        shown: dict[str, list[Any]] = {
            "anchor": [query_prompt + self.queries[each].text for each in self.examples.queries[places]]
        }
        for place, column in enumerate(columns):
            shown[column] = [product_prompt + self._texts[row] for row in rows[:, place]]
        return {**shown, "label": places}
