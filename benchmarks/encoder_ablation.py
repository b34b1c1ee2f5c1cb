"""Which ways of training the encoder help: each for as many steps, from the same queries, measured alike.

Trained from the catalogue and its graph alone; the judged queries teach nothing. Figures are of embeddings
alone, exact, in int8 as served: whatever an encoder gains has to show there first. `--teacher` adds what a
trained reranker's opinion brings. Written to benchmarks/results/ as JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.dimensions import INT8, measure_sizes
from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from engine.backends.onnx_encoder import OnnxEncoder
from index_builder.evaluate import METRICS
from index_builder.judgements import Judgements
from index_builder.progress import ConsoleProgress
from index_builder.train.encoder.dual_encoder import train_dual_encoder
from index_builder.train.encoder.encoder_job import CatalogueMiner, EncoderJob, plan_of
from index_builder.train.encoder.encoder_plan import Adversary, EncoderPlan, LoraPlan
from index_builder.train.encoder.encoder_run import EncoderData
from index_builder.train.encoder.rounds import no_negatives
from index_builder.train.export import export_encoder
from index_builder.train.lessons import Lessons, gather_lessons
from index_builder.train.settings import TrainEncoderSettings

LORA_SPEED = 5.0
"""Low-rank updates start from nothing and learn several times as fast (Hu et al. 2022 take ten times)."""
FULL, UNMINED = "all weights", "no mined negatives"


def ways(plan: EncoderPlan, *, teacher: bool) -> dict[str, EncoderPlan]:
    plain = replace(plan, loss=replace(plan.loss, distillation=0.0))
    found = {
        FULL: plain,
        UNMINED: plain,
        "no graded term": replace(plain, loss=replace(plain.loss, graded=0.0)),
        "LoRA, rank 16": replace(
            plain, lora=LoraPlan(rank=16), learning_rate=plan.learning_rate * LORA_SPEED
        ),
        "FGM": replace(plain, adversary=Adversary.FGM),
        "AWP": replace(plain, adversary=Adversary.AWP),
    }
    if teacher:
        found["distilled from the reranker"] = plan
    return found


def main() -> None:
    given = _parse()
    judgements = Judgements.read(given.queries, given.qrels)
    progress = ConsoleProgress(Console(stderr=True, highlight=False))
    settings = TrainEncoderSettings(
        catalog=tuple(given.catalog),
        graph=given.graph,
        evaluation_queries=given.queries,
        teacher=given.teacher,
        pairs=given.pairs,
        out=Path(),
    )
    with TemporaryDirectory(prefix="cartograph-ablation-") as scratch:
        settings = settings.model_copy(update={"out": Path(scratch)})
        job = EncoderJob(settings)
        lessons = gather_lessons(settings, job.draws, progress)
        export_encoder(job.base, Path(scratch) / "untuned", base_model=settings.base_model)
        data = job.data(lessons)
        rows = {"untuned": _measured(Path(scratch) / "untuned", data, lessons, judgements)}
        plans = ways(plan_of(settings), teacher=given.teacher is not None)
        for name, plan in plans.items():
            if not given.only or name in given.only:
                with progress.step(name):
                    rows[name] = _trained(name, plan, job, data, lessons, settings, judgements)
                # After each way, since all of them take an hour.
                about = {"queries": len(judgements.queries), "pairs": given.pairs, "machine": machine()}
                keep_result("encoder-ablation", given.name, {**about, "ways": rows})
    show_result(rows, _table(rows), as_json=given.json)


def _trained(
    name: str,
    plan: EncoderPlan,
    job: EncoderJob,
    data: EncoderData,
    lessons: Lessons,
    settings: TrainEncoderSettings,
    judgements: Judgements,
) -> dict[str, Any]:
    out = settings.out / name.replace(" ", "-")
    report = train_dual_encoder(
        data if plan.loss.distillation else replace(data, teacher=None),
        base=job.base,
        base_model=settings.base_model,
        out=out,
        negatives=no_negatives if name == UNMINED else CatalogueMiner.of(lessons, data, settings.seed),
        plan=plan,
    )
    held_out = {f"held-out {metric}": round(value, 4) for metric, value in report.exported.items()}
    return {
        **_measured(out, data, lessons, judgements),
        **held_out,
        "steps": report.steps,
        "seconds": round(report.seconds, 1),
    }


def _measured(folder: Path, data: EncoderData, lessons: Lessons, judgements: Judgements) -> dict[str, Any]:
    encoder = OnnxEncoder.open(folder, threads=2)
    ids = [str(product.id) for product in lessons.shop.products]
    products = encoder.encode_products(data.texts)
    queries = encoder.encode_queries(list(judgements.queries.values()))
    return dict(measure_sizes(INT8, queries, products, ids, judgements)[0].figures)


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    shown = Table(title="embeddings alone, exact search")
    for column in ("training", *METRICS, "seconds"):
        shown.add_column(column, justify="left" if column == "training" else "right")
    for name, row in rows.items():
        seconds = f"{row['seconds']:.0f}" if "seconds" in row else ""
        shown.add_row(name, *(f"{row[metric]:.4f}" for metric in METRICS), seconds)
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoder_ablation", description=__doc__)
    parser.add_argument("--catalog", type=Path, nargs="+", required=True, help="catalogue files")
    parser.add_argument("--graph", type=Path, help="data folder of a build from the same catalogue")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    parser.add_argument("--teacher", type=Path, help="folder of a trained reranker to distil from")
    parser.add_argument("--pairs", type=int, default=6_400, help="queries learned from (default 6400)")
    parser.add_argument("--only", nargs="*", help="names of the ways to try (default: all)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
