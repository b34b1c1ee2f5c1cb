"""What the pipeline says of each candidate of a training query, before any weight: the learner's features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.deadline import Deadline
from engine.pipeline import Pipeline
from engine.plan import MAX_CANDIDATES, MAX_RERANK_DEPTH, RankingSettings
from engine.request import Hit, RerankSpec, SearchRequest, SearchResult, Source
from engine.stages.compare import PRIOR
from engine.stages.popularity import popularity
from engine.types import ProductId
from index_builder.train.control import TrainingControl
from index_builder.train.fusion.graded_list import PARTS, GradedList
from index_builder.train.fusion.kept_lists import KeptLists
from index_builder.train.queries.query import Origin, TrainingQuery

BEHAVIOUR = (Source.PAST_QUERIES.value, PRIOR)
"""Parts made of what shoppers did. Grades that were made of the same would be foretold by them."""
_TRACE = 1e-3
"""Stands for a weight of 0, which would hide its part: it can be divided out again, and moves nothing."""

Search = Callable[[SearchRequest, Deadline], SearchResult]


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
    control: TrainingControl | None = None,
) -> list[GradedList]:
    """One list for each query, in their order; once time is up, no more. `weights` are those that `search`
    ranks by, none of them 0; `ids` are the catalogue's, row by row. Lists that a run in the folder of
    `control` has kept are not collected again.
    """
    control = control or TrainingControl()
    kept = KeptLists(control.checkpoints)
    lists = kept.read()
    for query in queries[len(lists) :]:
        if control.out_of_time:
            break
        result = search(
            SearchRequest(
                query.text, page_size=MAX_CANDIDATES, explain=True, rerank=RerankSpec(depth=MAX_RERANK_DEPTH)
            ),
            Deadline.none(),
        )
        lists.append(_graded(query, result.hits, weights, ids))
        kept.keep(lists)
        control.progress(len(lists), len(queries))
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
