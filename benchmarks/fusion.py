"""Are the weights of a score's parts better learned from judgements than set by hand?

Five folds by query: every figure is of queries that the weights were not learned from. Where LightGBM is
installed, LambdaMART (Burges 2010) is fitted to the same parts in the same folds, as a comparison only: the
scores of trees could not be explained by addends. What the learner can do is shown from weights that do not
fit: 1 for every part. Written to benchmarks/results/ as JSON (no text of a shop).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.judged import parse
from engine.pipeline import Pipeline
from engine.plan import RankingSettings
from engine.types import ProductId
from index_builder.train.fusion.collect import collect, unweighted
from index_builder.train.fusion.figures import METRICS, figures, goal, means, p_value, ranked_figures
from index_builder.train.fusion.graded_list import PARTS, Figures, GradedList
from index_builder.train.fusion.learn import FusionReport, learn_weights
from index_builder.train.fusion.pairs import query_pairs
from index_builder.train.fusion.validate import FOLDS, cross_validate
from index_builder.train.queries.judged import judged_source
from index_builder.train.queries.query import TrainingQuery

SEEDS = (7, 8, 9)
"""Of the folds: what holds for one division alone does not hold."""


def main() -> None:
    judged = parse("fusion", "fusion", __doc__)
    with judged.opened() as opened:
        ids = [
            each.id for each in opened.view.catalog.products(range(opened.generation.manifest.product_count))
        ]
        row_of = {str(product_id): row for row, product_id in enumerate(ids)}
        queries = judged_source(judged.judgements, row_of, min_queries=1).queries
        content = {"generation": opened.generation.id, **compare(opened.pipeline, queries, ids)}
    judged.keep(content, _rankings(content), _weights(content))


def compare(pipeline: Pipeline, queries: Sequence[TrainingQuery], ids: Sequence[ProductId]) -> dict[str, Any]:
    """The JSON object: figures of each ranking, fold by fold, and what was decided, for each seed."""
    settings = RankingSettings(rerank_depth=pipeline.settings.rerank_depth)
    search, weights = unweighted(pipeline)
    lists = collect(search, weights, queries, ids)
    by_hand = np.array([settings.weights[part] for part in PARTS])
    before = figures(lists, by_hand, settings.rerank_depth)
    trees = find_spec("lightgbm") is not None
    unfit = learn_weights(lists, settings.weighing(dict.fromkeys(PARTS, 1.0)), seed=SEEDS[0])
    return {
        "queries": len(lists),
        "candidates": round(float(np.mean([len(each.grades) for each in lists])), 1),
        "by_hand": means(before),
        "all_1": {"by_hand": unfit.weights.figures["by_hand"], **_about(unfit)},
        "seeds": {
            str(seed): {
                **_about(learn_weights(lists, settings, seed=seed)),
                **(
                    {"lambdamart": _trees(lists, before, by_hand, settings.rerank_depth, seed)}
                    if trees
                    else {}
                ),
            }
            for seed in SEEDS
        },
    }


def _about(report: FusionReport) -> dict[str, Any]:
    return {
        "may_rank": report.weights.learned,
        "reason": report.weights.reason,
        "learned": {**report.weights.figures.get("learned", {}), "p": report.p},
        "setting": asdict(report.setting) if report.setting else None,
        "weights": report.candidate,
        "folds": [asdict(fold) for fold in report.folds],
    }


def _trees(
    lists: Sequence[GradedList], before: Figures, by_hand: Figures, rerank_depth: int, seed: int
) -> dict[str, float]:
    """LambdaMART in the folds of `cross_validate`; unjudged products are failures to it."""
    from lightgbm import LGBMRanker

    folds = cross_validate(
        lists, query_pairs(lists, seed), by_hand, rerank_depth=rerank_depth, seed=seed
    ).folds
    after = np.empty_like(before)
    for fold in range(FOLDS):
        inside = [
            each for each, where in zip(lists, folds, strict=True) if where != fold and len(each.grades)
        ]
        model = LGBMRanker(
            n_estimators=100, learning_rate=0.05, num_leaves=7, min_child_samples=50, random_state=seed,
            deterministic=True, n_jobs=1, verbose=-1,
        )  # fmt: skip
        model.fit(
            np.concatenate([each.parts for each in inside]),
            np.concatenate([np.rint(3 * each.grades).astype(np.int64) for each in inside]),
            group=[len(each.grades) for each in inside],
        )
        for query in np.flatnonzero(folds == fold).tolist():
            order = np.argsort(-np.asarray(model.predict(lists[query].parts)), kind="stable")
            after[query] = ranked_figures(lists[query], order)
    return {**means(after), "p": p_value(goal(after) - goal(before), seed)}


def _rankings(content: Mapping[str, Any]) -> Table:
    shown = Table(
        title=f"{content['queries']} judged queries, {FOLDS} folds; p: paired randomisation of the mean of "
        "nDCG@10 and judged-only nDCG@10, against weights set by hand"
    )
    for column in ("weights", *METRICS, "p", "may rank"):
        shown.add_column(column)
    shown.add_row("set by hand", *(f"{content['by_hand'][metric]:.3f}" for metric in METRICS), "", "")
    for seed, found in content["seeds"].items():
        for name in ("learned", "lambdamart"):
            if values := found.get(name):
                verdict = ("yes" if found["may_rank"] else "no") if name == "learned" else ""
                cells = [f"{values[metric]:.3f}" for metric in (*METRICS, "p") if metric in values]
                shown.add_row(f"{name}, folds of seed {seed}", *cells, verdict)
    unfit = content["all_1"]
    shown.add_row("all 1", *(f"{unfit['by_hand'][metric]:.3f}" for metric in METRICS), "", "")
    cells = [f"{unfit['learned'][metric]:.3f}" for metric in (*METRICS, "p")]
    shown.add_row("learned from there", *cells, "yes" if unfit["may_rank"] else "no")
    return shown


def _weights(content: Mapping[str, Any]) -> Table:
    shown = Table(title="weights fitted to all queries")
    shown.add_column("part")
    seeds = content["seeds"]
    for seed in seeds:
        shown.add_column(f"seed {seed}")
    for part in PARTS:
        shown.add_row(part, *(f"{found['weights'].get(part, 0.0):.3f}" for found in seeds.values()))
    return shown


if __name__ == "__main__":
    main()
