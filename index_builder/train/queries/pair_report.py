"""What a training set holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery


@dataclass(frozen=True, slots=True)
class PairReport:
    """`train` and `held_out` count queries by origin, then kind; `grades` the pairs of both by the
    grade, rounded down to tenths; `answers` are pairs that answer. `dropped` tells why queries or
    products were left out, by origin; `noise` how often queries were changed in which way; `notes` what a
    user should know.
    """

    train: Mapping[str, Mapping[str, int]]
    held_out: Mapping[str, Mapping[str, int]]
    grades: Mapping[str, int]
    answers: int
    dropped: Mapping[str, Mapping[str, int]]
    noise: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        return sum(self.grades.values())


def by_kind(queries: Iterable[TrainingQuery]) -> Mapping[str, Mapping[str, int]]:
    """Counts by origin (in the order of their weight), then by kind, the most frequent first."""
    counts: dict[str, Counter[str]] = {origin.value: Counter() for origin in Origin}
    for query in queries:
        counts[query.origin][query.kind or query.origin] += 1
    return {
        origin: dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
        for origin, kinds in counts.items()
        if kinds
    }


def grade_histogram(queries: Iterable[TrainingQuery]) -> tuple[Mapping[str, int], int]:
    """Pairs by tenths of the grade (only those that occur), and how many of them answer."""
    grades = np.concatenate([np.empty(0, np.float32), *(query.grades for query in queries)])
    # A thousandth is added, so that .3 as float32 is not below .3.
    counts = np.bincount((grades * 10 + 1e-3).astype(np.int64))
    named = {f"{tenth / 10:.1f}": int(count) for tenth, count in enumerate(counts) if count}
    return named, int((grades >= ANSWERS_FROM).sum())
