"""`python -m engine serve | search | key | backup | restore | check | doctor`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

import engine
from engine.commands.flags import given_flags
from engine.commands.settings import add_settings, read_settings
from engine.config import (
    BackupSettings,
    CheckSettings,
    DoctorSettings,
    KeySettings,
    RestoreSettings,
    SearchSettings,
    ServeSettings,
    Settings,
)
from engine.errors import ConfigError, EngineError

FAILED, WRONG_USAGE = 1, 2
PRECEDENCE = (
    "A flag wins over its CARTOGRAPH_* variable, that over the settings file, that over the default. "
    "Exit status: 0 done, 1 failed, 2 wrong usage."
)


@dataclass(frozen=True, slots=True)
class Command:
    """`run` takes the settings, the parsed flags and the console for output, and gives the exit status."""

    summary: str
    settings: type[Settings]
    run: Callable[[Any, argparse.Namespace, Console], int]


def _serve(settings: ServeSettings, _flags: argparse.Namespace, _console: Console) -> int:
    # Before numpy is there: a lone product of matrices is over before another thread has woken up, and with
    # busy cores the wait for it took 6 ms. Processes that are started from here inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from engine.commands.serve import serve

    return serve(settings)


def _search(settings: SearchSettings, flags: argparse.Namespace, console: Console) -> int:
    from engine.commands.search import search

    return search(flags.query, settings, console)


def _key(settings: KeySettings, flags: argparse.Namespace, console: Console) -> int:
    from engine.commands.key import key

    return key(flags.action, flags.name, settings, console)


def _backup(settings: BackupSettings, _flags: argparse.Namespace, console: Console) -> int:
    from engine.commands.backup import backup

    return backup(settings, console)


def _restore(settings: RestoreSettings, _flags: argparse.Namespace, console: Console) -> int:
    from engine.commands.backup import restore

    return restore(settings, console)


def _check(settings: CheckSettings, _flags: argparse.Namespace, console: Console) -> int:
    from engine.commands.check import check

    return check(settings, console)


def _doctor(settings: DoctorSettings, _flags: argparse.Namespace, console: Console) -> int:
    from engine.commands.doctor import doctor

    return doctor(settings, console)


COMMANDS = {
    "serve": Command("Answer gRPC calls from a data folder's active generation.", ServeSettings, _serve),
    "search": Command("Search once, asking a server or a data folder.", SearchSettings, _search),
    "key": Command("Create, list or revoke API keys.", KeySettings, _key),
    "backup": Command(
        "Copy a data folder, live changes included, while it is served.", BackupSettings, _backup
    ),
    "restore": Command("Make a data folder of a backup.", RestoreSettings, _restore),
    "check": Command(
        "Read all of a data folder, or of a backup, and name what is damaged.", CheckSettings, _check
    ),
    "doctor": Command("Say what this machine can do, proved by running it.", DoctorSettings, _doctor),
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine",
        description="Cartograph: product retrieval for shops.",
        epilog=PRECEDENCE,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"cartograph {engine.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(
            name,
            help=command.summary,
            description=command.summary,
            epilog=PRECEDENCE,
            allow_abbrev=False,
        )
        if name == "search":
            subparser.add_argument("query", metavar="QUERY", help="What a shopper would write.")
        if name == "key":
            subparser.add_argument("action", choices=("create", "list", "revoke"), help="What to do.")
            subparser.add_argument("name", nargs="?", default="", help="The key's name, which logs show.")
        add_settings(subparser, command.settings)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    flags = build_parser().parse_args(argv)
    command = COMMANDS[flags.command]
    errors = Console(stderr=True, soft_wrap=True)
    try:
        settings = read_settings(command.settings, given_flags(flags, command.settings), flags.config)
    except ConfigError as error:
        _tell(errors, flags.command, error)
        return WRONG_USAGE
    try:
        return command.run(settings, flags, Console())
    except EngineError as error:
        _tell(errors, flags.command, error)
        return FAILED
    except BrokenPipeError:  # the reader of our output, `head` for one, has seen enough
        sys.stderr.close()
        return FAILED


def _tell(console: Console, command: str, error: EngineError) -> None:
    console.print(f"python -m engine {command}: {error.message}", style="red", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
