"""`python -m index_builder evaluate`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.generation import Generation
from index_builder.commands.output import Output
from index_builder.config import EvaluateSettings
from index_builder.judgements import Judgements

if TYPE_CHECKING:  # half of the time that `--help` would take
    from engine.opened import Opened


def run(settings: EvaluateSettings, output: Output) -> int:
    """Compares two rankings with --compare, and measures one without."""
    if settings.compare:
        from index_builder.commands.compare import run as compare

        return compare(settings, output)
    from index_builder.evaluate import evaluate, table

    judgements = Judgements.read(settings.queries, settings.qrels)
    generation = generation_of(settings.data, settings.generation)
    seen = checked(generation, judgements, settings)
    with opened_for(generation, settings) as opened:
        report = evaluate(
            opened.pipeline.search,
            judgements,
            ablate=settings.ablate,
            exponential=settings.gain == "exponential",
            runs_folder=settings.runs,
            seen=seen,
        )
    output.show(settings.json_output, report, lambda: output.console.print(table(report)))
    return 0


def generation_of(folder: Path, name: str | None) -> Generation:
    """The generation of that id, or the active one for None."""
    from engine.generation import DataFolder

    data = DataFolder.open(folder)
    return data.open_generation(name) if name else data.open_active()


def checked(generation: Generation, judgements: Judgements, settings: EvaluateSettings) -> Mapping[str, int]:
    """How many of the queries each model learned from; SeenQueriesError unless --in-sample allows it."""
    from index_builder.unseen import check_unseen, learners_in, seen_queries

    learners = learners_in(generation.folder)
    if not settings.in_sample:
        check_unseen(learners, judgements, settings.queries, settings.qrels)
    return seen_queries(learners, judgements)


@contextmanager
def opened_for(generation: Generation, settings: EvaluateSettings) -> Iterator[Opened]:
    from engine.bootstrap import open_generation
    from engine.config import ServeSettings

    serve = ServeSettings(data=settings.data, threads=settings.threads, device=settings.device)
    opened = open_generation(generation, serve)
    try:
        yield opened
    finally:
        opened.close()
