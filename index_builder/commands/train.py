"""`python -m index_builder train encoder|reranker|fusion`."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from engine.errors import ConfigError
from index_builder.commands.output import Output
from index_builder.progress import ConsoleProgress
from index_builder.train.settings import (
    CatalogueSettings,
    TrainEncoderSettings,
    TrainFusionSettings,
    TrainRerankerSettings,
    TrainSettings,
)

if TYPE_CHECKING:
    from index_builder.train.cards.model_card import CardSource
    from index_builder.train.control import TrainingControl
    from index_builder.train.job import Job
    from index_builder.train.lessons import Lessons
    from index_builder.train.queries.preview import Preview
    from index_builder.train.queries.query import Origin

CHECKPOINTS = "checkpoints"


def encoder(settings: TrainEncoderSettings, output: Output) -> int:
    from index_builder.train.encoder.encoder_job import EncoderJob

    _prepare(settings)
    return _run(EncoderJob(settings), settings, output)


def reranker(settings: TrainRerankerSettings, output: Output) -> int:
    from index_builder.train.reranker.reranker_job import RerankerJob

    _prepare(settings)
    return _run(RerankerJob(settings), settings, output)


def fusion(settings: TrainFusionSettings, output: Output) -> int:
    from index_builder.train.cards.card_facts import make_card
    from index_builder.train.cards.model_card import CardKind
    from index_builder.train.fusion.fusion_job import FusionJob
    from index_builder.train.lessons import WORK
    from index_builder.train.queries.preview import Preview

    _prepare(settings)
    job = FusionJob(settings)
    if settings.preview:
        _show_preview(Preview.of(job.training, job.products, seed=settings.seed), settings, output)
        return 0
    if settings.dry_run:
        _show_figures(job.estimate(), settings, output)
        return 0
    with _progress(settings, output).step("train fusion") as advance:
        report = job.train(_control(settings, advance))
    sources = _sources(settings, job.training.train, ())
    card = make_card(
        CardKind.FUSION, settings.out, settings, sources, report.weights.figures, seed=settings.seed
    )
    card.write(settings.out)
    shutil.rmtree(settings.out / WORK, ignore_errors=True)
    output.show(
        settings.json_output,
        asdict(report),
        lambda: output.console.print(_weights(report.by_hand, report.candidate), report.weights.reason),
    )
    return 0


def _run(job: Job, settings: CatalogueSettings, output: Output) -> int:
    from index_builder.train.lessons import gather_lessons
    from index_builder.train.queries.preview import Preview

    progress = _progress(settings, output)
    lessons = gather_lessons(settings, job.draws, progress)
    if settings.preview:
        _show_preview(
            Preview.of(lessons.training, lessons.shop.products, seed=settings.seed), settings, output
        )
        return 0
    if settings.dry_run:
        with progress.step("a few steps"):
            found = job.estimate(lessons)
        _show_figures(found, settings, output)
        return 0
    _train(job, lessons, settings, output, progress)
    return 0


def _train(
    job: Job, lessons: Lessons, settings: CatalogueSettings, output: Output, progress: ConsoleProgress
) -> None:
    """Train, then write card and curves; what a run keeps to go on is removed last."""
    from index_builder.train.cards.card_facts import make_card, parameters_of
    from index_builder.train.cards.curves import draw_curves
    from index_builder.train.cards.tracking import open_tracker
    from index_builder.train.lessons import WORK

    out, title = settings.out, f"{job.kind} from {settings.base_model}, seed {settings.seed}"
    with (
        open_tracker(out, str(job.kind), parameters_of(settings), resume=settings.resume) as tracker,
        progress.step(f"train {job.kind}") as advance,
    ):
        trained = job.train(lessons, replace(_control(settings, advance), tracker=tracker))
    sources = (*_sources(settings, lessons.training.train, lessons.training.held_out), *job.taught_by)
    make_card(
        job.kind,
        out,
        settings,
        sources,
        trained.figures,
        seed=settings.seed,
        base=job.base,
        base_model=settings.base_model,
    ).write(out)
    draw_curves(out, title)
    shutil.rmtree(out / WORK, ignore_errors=True)
    output.show(
        settings.json_output,
        trained.report,
        lambda: output.console.print(_figures(trained.figures), f"{trained.outcome}; the model is in {out}"),
    )


def _control(settings: TrainSettings, progress: Callable[[int, int], None]) -> TrainingControl:
    from index_builder.train.control import TrainingControl
    from index_builder.train.lessons import WORK

    return TrainingControl(
        checkpoints=settings.out / WORK / CHECKPOINTS,
        resume=settings.resume,
        max_seconds=settings.max_minutes * 60 or math.inf,
        progress=progress,
    )


def _sources(settings: TrainSettings, train: Sequence[Any], held_out: Sequence[Any]) -> Sequence[CardSource]:
    from index_builder.train.cards.card_facts import sources_of
    from index_builder.train.queries.query import Origin

    files: dict[Origin, Sequence[Path]] = {
        Origin.EVENTS: [path for path in settings.events if path.is_file()]  # a folder's change all the time
    }
    if settings.queries is not None and settings.qrels is not None:
        files[Origin.JUDGEMENTS] = (settings.queries, settings.qrels)
    if isinstance(settings, CatalogueSettings):
        files[Origin.GRAPH] = settings.catalog
    return sources_of(train, held_out, files)


def _prepare(settings: TrainSettings) -> None:
    import torch

    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{settings.out} cannot be the model's folder: {error.strerror}.") from None


def _progress(settings: TrainSettings, output: Output) -> ConsoleProgress:
    """Beside the JSON of --json, steps go to stderr."""
    return ConsoleProgress(output.errors if settings.json_output else output.console)


def _show_preview(preview: Preview, settings: TrainSettings, output: Output) -> None:
    output.show(settings.json_output, preview.as_dict(), lambda: output.console.print(preview.renderable()))


def _show_figures(figures: Mapping[str, Any], settings: TrainSettings, output: Output) -> None:
    def shown() -> None:
        table = Table("what it would take", "")
        for name, value in figures.items():
            text = f"{value:,.1f}" if isinstance(value, float) else str(value)
            table.add_row(name.replace("_", " "), text)
        output.console.print(table)

    output.show(settings.json_output, dict(figures), shown)


def _figures(figures: Mapping[str, Mapping[str, float]]) -> Table:
    names = list(dict.fromkeys(name for each in figures.values() for name in each))
    table = Table("held-out queries", *names)
    for who, each in figures.items():
        table.add_row(who, *(f"{each[name]:.4f}" if name in each else "" for name in names))
    return table


def _weights(by_hand: Mapping[str, float], learned: Mapping[str, float]) -> Table:
    table = Table("part of the score", "by hand", "fitted")
    for part, weight in by_hand.items():
        table.add_row(part, f"{weight:.2f}", f"{learned[part]:.2f}" if part in learned else "")
    return table
