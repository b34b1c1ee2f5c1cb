"""What the pipeline says of each candidate of a training query, before any weight: the learner's features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.deadline import Deadline
from engine.pipeline import Pipeline
from engine.plan import MAX_CANDIDATES, MAX_RERANK_DEPTH, RankingSettings
from engine.request import Hit, RerankSpec, SearchRequest, SearchResult, Source
from engine.stages import rerank
from engine.stages.compare import COVERAGE, KIND, OTHER_KIND, PRIOR, PROPERTIES
from engine.stages.popularity import popularity
from engine.types import ProductId
from index_builder.train.queries.query import Origin, TrainingQuery

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
BEHAVIOUR = (Source.PAST_QUERIES.value, PRIOR)
"""Parts made of what shoppers did. Grades that were made of the same would be foretold by them."""
_TRACE = 1e-3
"""Stands for a weight of 0, which would hide its part: it can be divided out again, and moves nothing."""

Search = Callable[[SearchRequest, Deadline], SearchResult]
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


def unweighted(pipeline: Pipeline) -> tuple[Search, dict[str, float]]:
    """The pipeline's search with every part shown, and the weights by which it shows them.

    These are the weights set by hand, whatever the generation has learned before.
    """
    settings = pipeline.settings
    by_hand = RankingSettings(settings.candidates_per_source, settings.rerank_depth)
    shown = by_hand.weighing({part: weight or _TRACE for part, weight in by_hand.weights.items()})
    stages = pipeline.stages
    priors = popularity(stages.gather.past_queries.queries, len(stages.compare.products))
    compare = replace(stages.compare, weights=shown.comparison, priors=priors)
    reranker = replace(stages.rerank, weight=shown.rerank)
    changed = replace(pipeline, settings=shown, stages=replace(stages, compare=compare, rerank=reranker))
    return changed.search, shown.weights


def collect(
    search: Search,
    weights: Mapping[str, float],
    queries: Sequence[TrainingQuery],
    ids: Sequence[ProductId],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[GradedList]:
    """One list for each query, in their order; once `stop` says so, no more. `weights` are those that
    `search` ranks by, none of them 0; `ids` are the catalogue's, row by row.
    """
    lists = []
    for done, query in enumerate(queries, start=1):
        if stop():
            break
        result = search(
            SearchRequest(
                query.text, page_size=MAX_CANDIDATES, explain=True, rerank=RerankSpec(depth=MAX_RERANK_DEPTH)
            ),
            Deadline.none(),
        )
        lists.append(_graded(query, result.hits, weights, ids))
        progress(done, len(queries))
    return lists


def _graded(
    query: TrainingQuery, hits: Sequence[Hit], weights: Mapping[str, float], ids: Sequence[ProductId]
) -> GradedList:
    grade_of = {ids[row]: float(grade) for row, grade in zip(query.rows, query.grades, strict=True)}
    hidden = BEHAVIOUR if query.origin is Origin.EVENTS else ()
    parts = np.zeros((len(hits), len(PARTS)))
    for place, hit in enumerate(hits):
        for part in hit.explanation.parts if hit.explanation else ():
            if part.name in PARTS and part.name not in hidden:
                parts[place, PARTS.index(part.name)] = part.value / weights[part.name]
    return GradedList(
        parts,
        np.array([grade_of.get(hit.product.id, 0.0) for hit in hits]),
        np.array([hit.product.id in grade_of for hit in hits], np.bool_),
        np.sort(query.grades.astype(np.float64))[::-1],
        query.weight,
    )
