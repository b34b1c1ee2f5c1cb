"""A query's candidates as the learner sees them: the parts of their scores, and what was said of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.request import Source
from engine.stages import rerank
from engine.stages.compare import COVERAGE, KIND, OTHER_KIND, PRIOR, PROPERTIES

PARTS = (
    Source.LEXICAL.value,
    Source.DENSE.value,
    COVERAGE,
    KIND,
    OTHER_KIND,
    PROPERTIES,
    Source.PAST_QUERIES.value,
    PRIOR,
    rerank.PART,
)
"""The columns of `GradedList.parts`. Nearness in the graph is none of them: it is for requests to ask for."""

Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GradedList:
    """The candidates of one query, n products. `parts`, float64 (n, len(PARTS)), are the score's parts over
    their weights (a penalty is negative), so that `parts @ weights` is the score. `grades`, float64 (n,), are
    in [0, 1], and 0 where `judged`, bool (n,), is False. `all_grades`, float64, descending, are those of all
    judged products, found or not. `weight` is what the query counts beside others.
    """

    parts: Figures
    grades: Figures
    judged: NDArray[np.bool_]
    all_grades: Figures
    weight: float = 1.0
