"""Lists of candidates in which one part of the score tells who answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.plan import RankingSettings
from index_builder.train.fusion.graded_list import PARTS, Figures, GradedList

BY_HAND = np.array([RankingSettings().weights[part] for part in PARTS])


def parts(size: int, **columns: list[float] | Figures) -> Figures:
    """(size, PARTS), zero but for the named columns."""
    made = np.zeros((size, len(PARTS)))
    for name, column in columns.items():
        made[:, PARTS.index(name)] = column
    return made


def weights(**named: float) -> Figures:
    return parts(1, **{name: [value] for name, value in named.items()}).reshape(len(PARTS))


def judged(made: Figures, grades: list[float] | Figures, *, unjudged: int = 0) -> GradedList:
    """All judged but the last `unjudged` candidates."""
    known = np.arange(len(made)) < len(made) - unjudged
    values = np.where(known, np.asarray(grades, np.float64), 0.0)
    return GradedList(made, values, known, np.sort(values[known])[::-1])


def lists_told_by(part: str, misleading: Mapping[str, float], count: int, seed: int = 0) -> list[GradedList]:
    """Twenty candidates a query, five of them answers. `part` is 1 for an answer and 0 for the others, but
    for a little noise; the `misleading` parts are noise of the given width.
    """
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        grades = (chance.permutation(20) < 5).astype(np.float64)
        columns = {name: width * chance.random(20) for name, width in misleading.items()}
        columns[part] = np.abs(grades + 0.1 * chance.standard_normal(20))
        made.append(judged(parts(20, **columns), grades))
    return made
