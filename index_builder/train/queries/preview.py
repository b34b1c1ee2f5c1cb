"""What training would learn from, shown before hours are spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.types import Product
from index_builder.train.queries.pairs import TrainingSet
from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery

SAMPLE = 12
_TITLE = 60


@dataclass(frozen=True, slots=True)
class Example:
    """A query, a product that answers it and the one that comes closest without; "" where there is none."""

    query: str
    kind: str
    answer: str
    hardest_negative: str
    negative_grade: float


@dataclass(frozen=True, slots=True)
class Preview:
    """`examples` by origin; `report` as PairReport says it."""

    training: TrainingSet
    examples: Mapping[str, Sequence[Example]]

    @classmethod
    def of(
        cls, training: TrainingSet, products: Sequence[Product], *, seed: int = 0, size: int = SAMPLE
    ) -> Preview:
        """`size` random training queries of each origin, sorted by text."""
        chance = np.random.default_rng(seed)
        examples: dict[str, Sequence[Example]] = {}
        for origin in Origin:
            queries = [query for query in training.train if query.origin is origin]
            if queries:
                drawn = chance.choice(len(queries), min(size, len(queries)), replace=False)
                picked = sorted((queries[int(place)] for place in drawn), key=lambda query: query.text)
                examples[origin.value] = [_example(query, products) for query in picked]
        return cls(training, examples)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        report = asdict(self.training.report)
        examples = {origin: [asdict(each) for each in found] for origin, found in self.examples.items()}
        return {
            "queries": len(self.training.train),
            "held_out_queries": len(self.training.held_out),
            "pairs": self.training.report.pairs,
            **report,
            "examples": examples,
        }

    def renderable(self) -> RenderableType:
        """Tables for people: counts, then a sample of each origin."""
        report = self.training.report
        head = f"{len(self.training.train)} queries to learn from, {report.pairs} graded pairs"
        return Group(
            Text(head),
            self._counts(),
            *self._remarks(),
            *(part for name, found in self.examples.items() for part in _examples(name, found)),
        )

    def _counts(self) -> Table:
        report = self.training.report
        table = Table()
        for column in ("from", "kind"):
            table.add_column(column)
        for column in ("train", "held out"):
            table.add_column(column, justify="right")
        for origin in Origin:
            train, held = report.train.get(origin, {}), report.held_out.get(origin, {})
            for kind in dict.fromkeys([*train, *held]):
                table.add_row(origin.value, kind, str(train.get(kind, 0)), str(held.get(kind, 0)))
        return table

    def _remarks(self) -> list[Text]:
        report = self.training.report
        lines = ["grades: " + ", ".join(f"{grade}: {count}" for grade, count in report.grades.items())]
        if report.noise:
            lines.append("noise: " + ", ".join(f"{name}: {count}" for name, count in report.noise.items()))
        for origin, told in report.dropped.items():
            lines += [f"left out, {origin}: {count} ({reason})" for reason, count in told.items()]
        return [Text(line) for line in (*lines, *report.notes)]


def _example(query: TrainingQuery, products: Sequence[Product]) -> Example:
    best = int(query.rows[query.grades.argmax()]) if len(query.rows) else -1
    wrong = np.flatnonzero((query.grades < ANSWERS_FROM) & ~np.isin(query.rows, query.answers))
    hardest = int(wrong[query.grades[wrong].argmax()]) if len(wrong) else -1
    return Example(
        query.text,
        query.kind,
        products[best].title if best >= 0 else "",
        products[int(query.rows[hardest])].title if hardest >= 0 else "",
        round(float(query.grades[hardest]), 2) if hardest >= 0 else 0.0,
    )


def _examples(name: str, examples: Sequence[Example]) -> tuple[Text, Table]:
    table = Table()
    for column in ("query", "kind", "answered by", "hardest negative"):
        table.add_column(column, overflow="fold")
    for each in examples:
        negative = f"{_cut(each.hardest_negative)} ({each.negative_grade:g})" if each.hardest_negative else ""
        table.add_row(*map(Text, (each.query, each.kind, _cut(each.answer), negative)))
    return Text(f"\nfrom {name}, for example"), table


def _cut(title: str) -> str:
    return title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"
