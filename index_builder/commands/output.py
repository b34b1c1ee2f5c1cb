"""Where a command writes: tables for people, or one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console


def _errors() -> Console:
    return Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Output:
    """`console` is for what was asked for, `errors` for what went wrong."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    errors: Console = field(default_factory=_errors)

    def show(self, as_json: bool, data: object, for_people: Callable[[], None]) -> None:
        if as_json:
            sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")
        else:
            for_people()

    def fail(self, problem: str) -> None:
        """One sentence on stderr."""
        self.errors.print(f"error: {problem}", markup=False, soft_wrap=True)
