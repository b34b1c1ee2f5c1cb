"""How learned weights rank queries that they were not learned from, by cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from index_builder.train.fusion.figures import METRICS, figures, goal
from index_builder.train.fusion.fit import fit_weights
from index_builder.train.fusion.graded_list import Figures, GradedList
from index_builder.train.fusion.pairs import QueryPairs, joined

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Setting:
    """`pull` holds the weights at those set by hand; `unjudged_share` of the loss is that of pairs with
    products that nobody judged.
    """

    pull: float
    unjudged_share: float


SETTINGS = tuple(
    Setting(pull, share) for pull, share in product((1.0, 0.1, 0.03, 0.01, 0.003, 0.001), (0.0, 0.4, 0.8))
)
"""What is tried, the most cautious first: it wins where others are not surely better."""


@dataclass(frozen=True, slots=True)
class Validated:
    """`folds`, int64 (queries,), is the fold that a query was held out in; `learned`, float64 (queries,
    METRICS), how it was ranked then, by weights of the setting that was best in the other folds (`chosen`, by
    fold): a choice never sees the queries that it is judged by. `best` is the best setting of all folds.
    """

    folds: NDArray[np.int64]
    learned: Figures
    chosen: tuple[Setting, ...]
    best: Setting


def cross_validate(
    lists: Sequence[GradedList],
    pairs: Sequence[QueryPairs],
    by_hand: Figures,
    *,
    rerank_depth: int,
    seed: int,
) -> Validated:
    """`pairs` are those of `lists`, in their order; at least FOLDS of them. Folds are drawn by the seed."""
    folds = np.empty(len(lists), np.int64)
    folds[np.random.default_rng(seed).permutation(len(lists))] = np.arange(len(lists)) % FOLDS
    held_out = np.empty((len(SETTINGS), len(lists), len(METRICS)))
    for fold in range(FOLDS):
        outside = np.flatnonzero(folds == fold).tolist()
        inside = np.flatnonzero(folds != fold).tolist()
        for place, setting in enumerate(SETTINGS):
            joint = joined([pairs[query] for query in inside], setting.unjudged_share)
            weights = fit_weights(joint, by_hand, setting.pull)
            held_out[place, outside] = figures([lists[query] for query in outside], weights, rerank_depth)
    goals = np.array([goal(values) for values in held_out])
    places = choices(goals, folds)
    return Validated(
        folds,
        held_out[[places[fold] for fold in folds], np.arange(len(lists))],
        tuple(SETTINGS[place] for place in places),
        SETTINGS[cautious(goals)],
    )


def choices(goals: Figures, folds: NDArray[np.int64]) -> list[int]:
    """Place of the setting for each fold, by the figures, float64 (settings, queries), of all other folds."""
    return [cautious(goals[:, folds != fold]) for fold in range(FOLDS)]


def cautious(goals: Figures) -> int:
    """The first setting that is not surely worse than the best one, by one standard error of the paired
    difference (the rule of Breiman et al., 1984). `goals` is float64 (settings, queries).
    """
    best = goals[goals.mean(axis=1).argmax()]
    behind = best - goals
    error = behind.std(axis=1, ddof=1) / np.sqrt(goals.shape[1])
    return int(np.argmax(behind.mean(axis=1) <= error))
