"""Makes one query of all that say the same text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.text import normalise
from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery
from index_builder.train.queries.source import ORIGIN_WEIGHTS


def strength(origin: Origin) -> float:
    return ORIGIN_WEIGHTS[origin]


def merged(queries: Sequence[TrainingQuery]) -> list[TrainingQuery]:
    """In the order in which texts (normalised) come first.

    Of a product that several judge, the grade of the strongest origin stands, within one origin the higher.
    Answers are united, but for those that a stronger origin grades as none. Text, origin, kind and the
    weight are those of the strongest.
    """
    groups: dict[str, list[TrainingQuery]] = {}
    for query in queries:
        groups.setdefault(normalise(query.text), []).append(query)
    return [_one(group) if len(group) > 1 else group[0] for group in groups.values()]


def _one(group: Sequence[TrainingQuery]) -> TrainingQuery:
    ordered = sorted(group, key=lambda query: -strength(query.origin))
    grades: dict[int, tuple[float, float]] = {}
    for query in ordered:
        for row, grade in zip(query.rows.tolist(), query.grades.tolist(), strict=True):
            grades[row] = max(grades.get(row, (0.0, 0.0)), (strength(query.origin), grade))
    rows = np.fromiter(grades, np.int64, len(grades))
    kept = np.array([grade for _, grade in grades.values()], np.float32)
    answers = np.unique(np.concatenate([query.answers for query in ordered]))
    answers = np.union1d(np.setdiff1d(answers, rows[kept < ANSWERS_FROM]), rows[kept >= ANSWERS_FROM])
    first = ordered[0]
    return TrainingQuery(
        first.text,
        rows,
        kept,
        answers,
        first.origin,
        max(query.weight for query in ordered if query.origin is first.origin),
        first.kind,
    )
