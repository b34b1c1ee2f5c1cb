"""Learns the weights of a score's parts, and decides whether they may rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.backends.fusion_weights import FusionWeights
from engine.pipeline import Pipeline
from engine.plan import RankingSettings
from engine.types import ProductId
from index_builder.train.control import TrainingControl
from index_builder.train.fusion.collect import collect, unweighted
from index_builder.train.fusion.figures import METRICS, figures, goal, means, p_value
from index_builder.train.fusion.fit import fit_weights
from index_builder.train.fusion.graded_list import PARTS, Figures, GradedList
from index_builder.train.fusion.kept_lists import PATTERN
from index_builder.train.fusion.pairs import joined, query_pairs
from index_builder.train.fusion.validate import FOLDS, Setting, Validated, cross_validate
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.run_claim import claim, identity_of

MIN_QUERIES = 50
"""Fewer decide nothing: on so few, differences of .02 come and go with the folds."""
MAX_QUERIES = 2_000
"""Of more, so many are drawn: eight weights need no more, and each query is searched for."""
MIN_GAIN = 0.005
"""What held-out queries have to gain, in the mean of nDCG@10 and judged-only nDCG@10 ..."""
MAX_P = 0.1
"""... by a paired randomisation test that gives chance no more than this ..."""
MAX_LOSS = 0.01
"""... while no single figure loses more than this, or than a third of the gain where that is more."""


@dataclass(frozen=True, slots=True)
class FoldReport:
    """Means of one fold's held-out queries, by metric, and the setting that was chosen in the others."""

    queries: int
    setting: Setting
    by_hand: dict[str, float]
    learned: dict[str, float]


@dataclass(frozen=True, slots=True)
class FusionReport:
    """`weights` is what a generation is given. `candidate` are the weights fitted to all queries, by part,
    whether or not they may rank; `p` is the paired test of the gain. Without enough queries nothing was
    fitted: no folds, no setting, no candidate.
    """

    weights: FusionWeights
    by_hand: dict[str, float]
    candidate: dict[str, float]
    setting: Setting | None
    folds: tuple[FoldReport, ...]
    p: float


def fit_fusion(
    pipeline: Pipeline,
    queries: Sequence[TrainingQuery],
    ids: Sequence[ProductId],
    *,
    seed: int = 7,
    control: TrainingControl | None = None,
) -> FusionReport:
    """Search for each query in `pipeline` and fit the weights; `ids` are its catalogue's, row by row.

    Queries composed from the graph are left out: their grades are what the graph says, so that they would
    teach to trust the graph. Once the time of `control` is up, what was found by then teaches. The same input
    and seed give the same report, cut off and resumed or not.
    """
    control = control or TrainingControl()
    taught = _drawn([query for query in queries if query.origin is not Origin.GRAPH], seed)
    settings = RankingSettings(rerank_depth=pipeline.settings.rerank_depth)
    if len(taught) < MIN_QUERIES:
        return _too_few(len(taught), settings)
    if control.checkpoints is not None:
        identity = identity_of((pipeline.generation_id, settings), taught, texts=ids)
        claim(control.checkpoints, identity, resume=control.resume, keeps=(PATTERN,))
    search, weights = unweighted(pipeline)
    return learn_weights(collect(search, weights, taught, ids, control), settings, seed=seed)


def learn_weights(lists: Sequence[GradedList], settings: RankingSettings, *, seed: int) -> FusionReport:
    """From lists that were collected; `settings` hold the weights set by hand and the reranker's depth."""
    if len(lists) < MIN_QUERIES:
        return _too_few(len(lists), settings)
    by_hand = np.array([settings.weights[part] for part in PARTS])
    pairs, depth = query_pairs(lists, seed), settings.rerank_depth
    validated = cross_validate(lists, pairs, by_hand, rerank_depth=depth, seed=seed)
    before = figures(lists, by_hand, depth)
    p = p_value(goal(validated.learned) - goal(before), seed)
    against = objection(before, validated.learned, p)
    best = validated.best
    fitted = fit_weights(joined(pairs, best.unjudged_share), by_hand, best.pull)
    candidate = _scaled(fitted, by_hand)
    return FusionReport(
        FusionWeights(
            learned=not against,
            reason=against or f"Held-out queries gain {_gain(before, validated.learned):.4f} (p {p:.3f}).",
            queries=len(lists),
            weights={} if against else candidate,
            figures={"by_hand": means(before), "learned": means(validated.learned)},
        ),
        {part: settings.weights[part] for part in PARTS},
        candidate,
        best,
        _folds(validated, before),
        p,
    )


def _drawn(queries: Sequence[TrainingQuery], seed: int) -> list[TrainingQuery]:
    if len(queries) <= MAX_QUERIES:
        return list(queries)
    chosen = np.random.default_rng(seed).choice(len(queries), MAX_QUERIES, replace=False)
    return [queries[place] for place in np.sort(chosen)]


def _too_few(count: int, settings: RankingSettings) -> FusionReport:
    reason = (
        f"There are {count} queries with grades from judgements or events; {MIN_QUERIES} are the least to "
        "learn weights from."
    )
    by_hand = {part: settings.weights[part] for part in PARTS}
    return FusionReport(
        FusionWeights(learned=False, reason=reason, queries=count), by_hand, {}, None, (), 1.0
    )


def _scaled(fitted: Figures, by_hand: Figures) -> dict[str, float]:
    """The same ranking, on the scale that people and the parts that are not learned are used to: the sum of
    the weights set by hand.
    """
    scale = float(by_hand.sum()) / max(float(fitted.sum()), 1e-12)
    return {part: round(float(weight) * scale, 4) for part, weight in zip(PARTS, fitted, strict=True)}


def _gain(before: Figures, after: Figures) -> float:
    return float((goal(after) - goal(before)).mean())


def objection(before: Figures, after: Figures, p: float) -> str:
    """Why the learned weights must not rank; empty where they may."""
    gain = _gain(before, after)
    if gain < MIN_GAIN:
        return (
            f"Held-out queries gain {gain:+.4f} in the mean of nDCG@10 and judged-only nDCG@10; at least "
            f"{MIN_GAIN} is asked for."
        )
    if p > MAX_P:
        return f"The gain of {gain:.4f} on held-out queries may be chance (p {p:.3f}, at most {MAX_P})."
    changes = (after - before).mean(axis=0)
    worst, allowed = int(changes.argmin()), max(MAX_LOSS, gain / 3)
    if changes[worst] < -allowed:
        return (
            f"{METRICS[worst]} of held-out queries falls by {-changes[worst]:.4f}, more than {allowed:.4f}."
        )
    return ""


def _folds(validated: Validated, before: Figures) -> tuple[FoldReport, ...]:
    return tuple(
        FoldReport(
            int(np.count_nonzero(validated.folds == fold)),
            validated.chosen[fold],
            means(before[validated.folds == fold]),
            means(validated.learned[validated.folds == fold]),
        )
        for fold in range(FOLDS)
    )
