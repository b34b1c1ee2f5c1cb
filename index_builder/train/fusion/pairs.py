"""Pairs of candidates of which one answers the query better: what the weights are fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index_builder.train.fusion.graded_list import PARTS, Figures, GradedList

PAIRS = 400
"""Of a query and a kind, at most: more are drawn from, so that a long list costs no more than a short one."""
UNJUDGED = 50
"""Unjudged candidates of a query that are looked at, drawn evenly from its ranking."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """`differences`, float64 (m, len(PARTS)), are the better product's parts less the worse one's; `gains`,
    float64 (m,), above 0, the difference of their grades, as shares of 1.
    """

    differences: Figures
    gains: Figures


@dataclass(frozen=True, slots=True)
class QueryPairs:
    """Pairs of two judged products, and pairs of a relevant product with one that nobody judged, which only
    probably answers worse. `weight` is the query's.
    """

    judged: Pairs
    unjudged: Pairs
    weight: float


def query_pairs(lists: Sequence[GradedList], seed: int) -> list[QueryPairs]:
    """One for each list; the same lists and seed give the same pairs."""
    return [_pairs_of(each, np.random.default_rng((seed, place))) for place, each in enumerate(lists)]


def joined(queries: Sequence[QueryPairs], unjudged_share: float) -> Pairs:
    """All pairs as one. A query's pairs weigh together what the query does, `unjudged_share` in [0, 1) of it
    for those with unjudged products.
    """
    differences, gains = [np.empty((0, len(PARTS)))], [np.empty(0)]
    for query in queries:
        for pairs, share in ((query.judged, 1 - unjudged_share), (query.unjudged, unjudged_share)):
            differences.append(pairs.differences)
            gains.append(pairs.gains * share * query.weight)
    weights = np.concatenate(gains)
    kept = weights > 0
    total = max(float(weights.sum()), 1e-12)
    return Pairs(np.concatenate(differences)[kept], weights[kept] / total)


def _pairs_of(each: GradedList, chance: np.random.Generator) -> QueryPairs:
    judged = np.flatnonzero(each.judged)
    relevant = judged[each.grades[judged] > 0]
    strangers = np.flatnonzero(~each.judged)
    if len(strangers) > UNJUDGED:
        strangers = strangers[np.linspace(0, len(strangers) - 1, UNJUDGED).astype(np.int64)]
    return QueryPairs(
        _drawn(each, relevant, judged, chance), _drawn(each, relevant, strangers, chance), each.weight
    )


def _drawn(
    each: GradedList, better: NDArray[np.int64], worse: NDArray[np.int64], chance: np.random.Generator
) -> Pairs:
    gaps = np.subtract.outer(each.grades[better], each.grades[worse])
    firsts, seconds = np.nonzero(gaps > 0)
    if len(firsts) > PAIRS:
        drawn = np.sort(chance.choice(len(firsts), PAIRS, replace=False))
        firsts, seconds = firsts[drawn], seconds[drawn]
    gains = gaps[firsts, seconds]
    differences = each.parts[better[firsts]] - each.parts[worse[seconds]]
    return Pairs(differences, gains / max(float(gains.sum()), 1e-12))
