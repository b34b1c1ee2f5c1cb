"""`python -m engine check`: whether a data folder, or a backup, is whole."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from engine.backup.check import Verdict, check_backup, check_data
from engine.backup.source import open_source
from engine.config import CheckSettings
from engine.errors import ConfigError


def check(settings: CheckSettings, console: Console) -> int:
    """1 when something is damaged. Raises EngineError."""
    if settings.data is not None:
        return _tell(check_data(settings.data), console)
    if settings.backup is not None:
        with open_source(settings.backup) as source:
            return _tell(check_backup(source), console)
    raise ConfigError("What is to be checked? Name it with --data or --backup.")


def _tell(verdicts: Iterable[Verdict], console: Console) -> int:
    """One line for what is whole, one for each damaged file."""
    damaged = 0
    for verdict in verdicts:
        lines = [f"DAMAGED {verdict.subject}: {problem}" for problem in verdict.problems]
        for line in lines or [f"ok {verdict.subject}: {verdict.evidence}"]:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        damaged += len(lines)
    return 1 if damaged else 0
