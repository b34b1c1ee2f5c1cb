"""Evidence into grades: what answers a query, what does not, and what nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.types import FloatArray
from index_builder.train.queries.events.evidence import Evidence
from index_builder.train.queries.events.grouping import Groups
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.smoothing import at_most
from index_builder.train.queries.events.table import Flags
from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery

KIND = "clicked"
MIN_LOOKS = 10.0
"""Looks without enough clicks before a product may be a negative."""


@dataclass(frozen=True, slots=True)
class Grades:
    """One row for each pair of the evidence. `grade`, float32 in [0, 1], is 1 for the best of each query.
    `answer`: at least half as good as the best, surely. `negative`: less than half as good, surely. `unsure`:
    clicked, and neither.
    """

    grade: FloatArray
    answer: Flags
    negative: Flags
    unsure: Flags


def grades(evidence: Evidence, *, negatives: bool) -> Grades:
    """A product's grade is the least worth of a look at it (its lower confidence bound) beside the best's. It
    is a negative when even the most it may be worth is below half of what the best is expected to be worth.
    Products without a click have the grade 0. `negatives` is False for a log that does not say what was
    shown.
    """
    groups = Groups.of(evidence.query)
    query = np.repeat(np.arange(len(groups.starts)), np.diff(np.append(groups.starts, len(evidence.query))))
    clicked = evidence.clicks > 0
    least = np.where(clicked, evidence.at_least, 0.0)
    expected = np.where(clicked, evidence.expected, 0.0)
    best, best_expected = (
        np.maximum.reduceat(values, groups.starts)[query] if len(query) else values
        for values in (least, expected)
    )
    grade = np.divide(least, best, out=np.zeros(len(least)), where=best > 0).astype(np.float32)
    answer = clicked & (grade >= ANSWERS_FROM)
    most = at_most(evidence.clicks, evidence.looked) * evidence.value
    poor = (most < ANSWERS_FROM * best_expected) & (evidence.looked >= MIN_LOOKS)
    negative = poor & ~answer & negatives
    return Grades(grade, answer, negative, clicked & ~answer & ~negative)


def training_queries(
    evidence: Evidence, graded: Grades, texts: Sequence[str], rules: EventRules
) -> list[TrainingQuery]:
    """A query for each that has an answer, by its text; products are rows here. What is unsure is no row, but
    among the answers, which no negative may be drawn from. The weight grows with the logarithm of the clicks,
    up to 1.
    """
    groups = Groups.of(evidence.query)
    ends = np.append(groups.starts, len(evidence.query))
    clicks = np.bincount(evidence.query, evidence.clicks, minlength=len(texts))
    weight = np.minimum(1.0, np.log1p(clicks) / np.log1p(rules.full_clicks))
    kept = graded.answer | graded.negative
    known = graded.answer | graded.unsure
    queries = []
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        if not graded.answer[start:end].any():
            continue
        code = int(evidence.query[start])
        of_query, grade = evidence.product[start:end], graded.grade[start:end]
        order = np.lexsort((of_query, -grade))
        order = order[kept[start:end][order]]
        queries.append(
            TrainingQuery(
                texts[code],
                of_query[order],
                grade[order],
                np.sort(of_query[known[start:end]]),
                Origin.EVENTS,
                float(weight[code]),
                KIND,
            )
        )
    return sorted(queries, key=lambda query: query.text)
