"""`python -m index_builder evaluate`."""

from __future__ import annotations

from index_builder.commands.output import Output
from index_builder.config import EvaluateSettings


def run(settings: EvaluateSettings, output: Output) -> int:
    from engine.bootstrap import open_generation
    from engine.config import ServeSettings
    from engine.generation import DataFolder
    from index_builder.evaluate import evaluate, table
    from index_builder.judgements import Judgements

    judgements = Judgements.read(settings.queries, settings.qrels)
    data = DataFolder.open(settings.data)
    generation = data.open_generation(settings.generation) if settings.generation else data.open_active()
    opened = open_generation(
        generation, ServeSettings(data=settings.data, threads=settings.threads, device=settings.device)
    )
    try:
        report = evaluate(
            opened.pipeline.search,
            judgements,
            ablate=settings.ablate,
            exponential=settings.gain == "exponential",
            runs_folder=settings.runs,
        )
    finally:
        opened.close()
    output.show(settings.json_output, report, lambda: output.console.print(table(report)))
    return 0
