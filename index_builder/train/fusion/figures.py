"""How well given weights rank: the metrics of `evaluate`, from parts that were collected once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.stages import rerank
from index_builder.significance import randomisation_p
from index_builder.train.fusion.graded_list import PARTS, Figures, GradedList

METRICS = ("ndcg@10", "judged_ndcg@10", "recall@100")
"""The columns of `figures`; names and meaning are those of index_builder.evaluate, with linear gain."""
_RERANK = PARTS.index(rerank.PART)


def ranking(parts: Figures, weights: Figures, rerank_depth: int) -> NDArray[np.int64]:
    """Places of the candidates, best first. As in the engine, only the first `rerank_depth` by the other
    parts gain the reranker's; equal scores keep the order of `parts`.
    """
    without = parts @ np.where(np.arange(len(PARTS)) == _RERANK, 0.0, weights)
    head = np.argsort(-without, kind="stable")[:rerank_depth]
    scores = without.copy()
    scores[head] += weights[_RERANK] * parts[head, _RERANK]
    return np.argsort(-scores, kind="stable").astype(np.int64, copy=False)


def figures(lists: Sequence[GradedList], weights: Figures, rerank_depth: int) -> Figures:
    """Float64 (lists, METRICS), each in [0, 1]."""
    return np.array(
        [ranked_figures(each, ranking(each.parts, weights, rerank_depth)) for each in lists], np.float64
    ).reshape(len(lists), len(METRICS))


def ranked_figures(each: GradedList, order: NDArray[np.int64]) -> tuple[float, float, float]:
    """The METRICS of one query whose candidates stand in this order; 0 where nothing is relevant."""
    ideal = _dcg(each.all_grades[:10])
    relevant = int(np.count_nonzero(each.all_grades))
    if not relevant:
        return 0.0, 0.0, 0.0
    judged = order[each.judged[order]]
    found = np.count_nonzero(each.grades[order[:100]])
    return (
        _dcg(each.grades[order[:10]]) / ideal,
        _dcg(each.grades[judged[:10]]) / ideal,
        float(found / relevant),
    )


def means(values: Figures) -> dict[str, float]:
    """By metric, rounded for people."""
    return {name: round(float(value), 4) for name, value in zip(METRICS, values.mean(axis=0), strict=True)}


def goal(values: Figures) -> Figures:
    """What weights are chosen by, float64 (queries,): the mean of nDCG with unjudged products as failures and
    without them. The first alone rewards finding again what was pooled, the second forgives any rubbish.
    """
    mean: Figures = values[:, [METRICS.index("ndcg@10"), METRICS.index("judged_ndcg@10")]].mean(axis=1)
    return mean


def p_value(differences: Figures, seed: int) -> float:
    """Of a paired randomisation test, rounded for people."""
    return round(randomisation_p(differences, seed), 4)


def _dcg(grades: Figures) -> float:
    return float((grades / np.log2(2 + np.arange(len(grades)))).sum())
