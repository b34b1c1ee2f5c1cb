"""`python -m index_builder build | evaluate | train | inspect | prune | graph`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from engine.commands.flags import given_flags
from engine.commands.settings import add_settings, read_settings
from engine.errors import ConfigError, EngineError
from index_builder.commands.output import Output
from index_builder.commands.table import COMMANDS, Command

EXIT_ERROR, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

SUMMARIES = {name: command.summary for name, command in COMMANDS.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 an error that one sentence on stderr explains, 2 wrong usage, 3 built but below
    the relevance gate, 130 interrupted.
    """
    # OpenMP threads that spin while they wait starve each other where cores are shared: training took ten
    # times as long beside one busy neighbour. Read by OpenMP when torch is loaded, which happens later.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    output = Output()
    parsed = _parser().parse_args(arguments)
    command: Command = parsed.chosen
    given = {name: getattr(parsed, name) for name in command.arguments}
    try:
        settings = read_settings(command.settings, given_flags(parsed, command.settings), parsed.config)
    except ConfigError as error:
        output.fail(error.message)
        return EXIT_USAGE
    try:
        return command.run(settings, output, **given) if command.run else EXIT_USAGE
    except EngineError as error:
        output.fail(error.message)
        return EXIT_ERROR
    except KeyboardInterrupt:
        output.errors.print(command.interrupted)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m index_builder",
        description="The offline side of Cartograph.",
        allow_abbrev=False,
    )
    _add(parser, COMMANDS, "COMMAND", required=True)
    return parser


def _add(
    parser: argparse.ArgumentParser, commands: Mapping[str, Command], metavar: str, *, required: bool
) -> None:
    """A command that has actions may still be one itself: `evaluate` is, `graph` is not."""
    choices = parser.add_subparsers(required=required, metavar=metavar)
    for name, command in commands.items():
        below = choices.add_parser(
            name, help=command.summary, description=command.summary, allow_abbrev=False
        )
        for field, argument in command.arguments.items():
            optional: dict[str, Any] = {} if argument.required else {"nargs": "?", "default": ""}
            below.add_argument(field, metavar=argument.metavar, help=argument.about, **optional)
        if command.run is not None:
            add_settings(below, command.settings)
            below.set_defaults(chosen=command)
        if command.actions:
            _add(below, command.actions, "ACTION", required=command.run is None)


if __name__ == "__main__":
    sys.exit(main())
