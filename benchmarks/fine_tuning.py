"""What trained models do for the ranking: the same shop built without and with them, stage by stage.

Both builds must hold the same catalogue; everything that differs between them counts. Models that learned
from the queries are refused, unless --in-sample. Written to benchmarks/results/ as JSON (query ids only).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.judged import keep_result, show_result
from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.generation import DataFolder, Generation
from index_builder.compare import Comparison, compare
from index_builder.evaluate import Ablation, Evaluation, measure, run_queries
from index_builder.judgements import Judgements
from index_builder.unseen import check_unseen, learners_in

STAGES = (Ablation.DENSE, Ablation.FUSED, Ablation.GRAPH, Ablation.FULL)
_SHOWN = ("ndcg@10", "judged_ndcg@10", "judged@10", "recall@100")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fine_tuning", description=__doc__)
    parser.add_argument("--before", type=Path, required=True, help="data folder built without trained models")
    parser.add_argument("--after", type=Path, required=True, help="data folder built with them")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    parser.add_argument("--in-sample", action="store_true", help="measure although models saw the queries")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    given = parser.parse_args()
    judgements = Judgements.read(given.queries, given.qrels)
    before, after = (DataFolder.open(folder).open_active() for folder in (given.before, given.after))
    if not given.in_sample:
        check_unseen(learners_in(after.folder), judgements, given.queries, given.qrels)
    measured = [
        _measured(one, folder, judgements) for one, folder in ((before, given.before), (after, given.after))
    ]
    compared = {stage: compare(measured[0][stage], measured[1][stage]) for stage in STAGES}
    content = {
        "queries": len(judgements.queries),
        "in_sample": given.in_sample,
        "before": _about(before),
        "after": _about(after),
        "stages": {stage.value: comparison.to_json() for stage, comparison in compared.items()},
    }
    keep_result("fine_tuning", given.name, content)
    show_result(content, _table(compared, len(judgements.queries)), as_json=given.json)


def _measured(generation: Generation, data: Path, judgements: Judgements) -> Mapping[Ablation, Evaluation]:
    opened = open_generation(generation, ServeSettings(data=data))
    try:
        return {
            stage: measure(run_queries(opened.pipeline.search, judgements, stage), judgements)
            for stage in STAGES
        }
    finally:
        opened.close()


def _about(generation: Generation) -> dict[str, Any]:
    parts = generation.manifest.parts
    return {
        "generation": generation.id,
        **{name: parts.get(name, {}) for name in ("encoder", "reranker", "fusion")},
    }


def _table(compared: Mapping[Ablation, Comparison], queries: int) -> Table:
    shown = Table(title=f"{queries} judged queries, before -> after; p: paired randomisation")
    shown.add_column("ranking")
    for metric in _SHOWN:
        shown.add_column(metric, justify="right")
    for stage, comparison in compared.items():
        cells = []
        for metric in _SHOWN:
            each = comparison.metrics[metric]
            cells.append(f"{each.a:.3f} -> {each.b:.3f} (p {each.p:.3f})")
        shown.add_row(stage.value, *cells)
    return shown


if __name__ == "__main__":
    main()
