"""`python -m index_builder build | evaluate | inspect`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from engine.commands.flags import given_flags
from engine.commands.settings import add_settings, read_settings
from engine.config import Settings
from engine.errors import ConfigError, EngineError
from index_builder.config import BuildSettings, EvaluateSettings, InspectSettings

EXIT_ERROR, EXIT_USAGE, EXIT_GATE, EXIT_INTERRUPTED = 1, 2, 3, 130

SUMMARIES = {
    "build": "Build a generation from a catalogue and publish it.",
    "evaluate": "Measure a generation's ranking on judged queries.",
    "inspect": "Show what generations there are, or what one holds.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 an error that one sentence on stderr explains, 2 wrong usage, 3 built but below
    the relevance gate, 130 interrupted.
    """
    # OpenMP threads that spin while they wait starve each other where cores are shared: training took ten
    # times as long beside one busy neighbour. Read by OpenMP when torch is loaded, which happens later.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    parsed = _parser().parse_args(arguments)
    try:
        settings: Settings = read_settings(parsed.model, given_flags(parsed, parsed.model), parsed.config)
    except ConfigError as error:
        errors.print(f"error: {error.message}", markup=False, soft_wrap=True)
        return EXIT_USAGE
    try:
        return _run(settings, console, errors)
    except EngineError as error:
        errors.print(f"error: {error.message}", markup=False, soft_wrap=True)
        return EXIT_ERROR
    except KeyboardInterrupt:
        errors.print("interrupted; nothing was published. The same command goes on with what is embedded.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m index_builder",
        description="The offline side of Cartograph.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for model in (BuildSettings, EvaluateSettings, InspectSettings):
        summary = SUMMARIES[model.table]
        command = commands.add_parser(model.table, help=summary, description=summary, allow_abbrev=False)
        add_settings(command, model)
        command.set_defaults(model=model)
    return parser


def _run(settings: Settings, console: Console, errors: Console) -> int:
    if isinstance(settings, BuildSettings):
        return _build(settings, console, errors)
    if isinstance(settings, EvaluateSettings):
        return _evaluate(settings, console)
    if isinstance(settings, InspectSettings):
        return _inspect(settings, console)
    raise TypeError(f"{type(settings).__name__} has no command")


def _build(settings: BuildSettings, console: Console, errors: Console) -> int:
    from index_builder.build import build
    from index_builder.evaluate import table
    from index_builder.progress import ConsoleProgress

    progress = ConsoleProgress(console)
    built = build(settings, progress)
    if built.evaluation is not None:
        console.print(table(built.evaluation))
    console.print(f"generation {built.generation.id} in {sum(progress.seconds.values()):.0f} s")
    console.print(f"  folder {built.generation.folder}", soft_wrap=True)
    console.print(
        f"  what was wrong in the catalogue: {built.generation.part('report')}/quality.html", soft_wrap=True
    )
    if built.gate_failed:
        errors.print(f"not activated: {built.gate_failed}", markup=False, soft_wrap=True)
        return EXIT_GATE
    return 0


def _evaluate(settings: EvaluateSettings, console: Console) -> int:
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
    _show(settings.json_output, report, lambda: console.print(table(report)))
    return 0


def _inspect(settings: InspectSettings, console: Console) -> int:
    from index_builder.inspect import describe, describe_all, show, show_all

    if settings.generation is None:
        everything = describe_all(settings.data)
        _show(settings.json_output, everything, lambda: show_all(everything, console))
    else:
        one = describe(settings.data, settings.generation)
        _show(settings.json_output, one, lambda: show(one, console))
    return 0


def _show(as_json: bool, data: object, for_people: Callable[[], None]) -> None:
    if as_json:
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")
    else:
        for_people()


if __name__ == "__main__":
    sys.exit(main())
