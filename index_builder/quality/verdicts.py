"""What can become of a row: refused with a reason, or kept with warnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from index_builder.quality.text import clean, cut
from index_builder.sources.rows import Problem

Warn = Callable[[Problem, str], None]
"""Told of each thing that was changed or dropped in a row that is kept."""

_MAX_EXAMPLES = 5


class RejectedRowError(Exception):
    """The row cannot become a product. Never leaves this package: it ends as a quarantined row."""

    def __init__(self, code: Problem, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class WarningExample:
    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class WarningGroup:
    """All warnings of one kind: how many, and the first few."""

    code: Problem
    count: int
    examples: tuple[WarningExample, ...]


@dataclass(slots=True)
class WarningLog:
    """Counts warnings by kind and keeps the first five of each."""

    _counts: dict[Problem, int] = field(default_factory=dict)
    _examples: dict[Problem, list[WarningExample]] = field(default_factory=dict)

    def add(self, file: str, line: int, code: Problem, message: str) -> None:
        self._counts[code] = self._counts.get(code, 0) + 1
        examples = self._examples.setdefault(code, [])
        if len(examples) < _MAX_EXAMPLES:
            examples.append(WarningExample(file, line, message))

    def at(self, file: str, line: int) -> Warn:
        return lambda code, message: self.add(file, line, code, message)

    def groups(self) -> tuple[WarningGroup, ...]:
        """The most frequent first; equal counts by code."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(WarningGroup(code, count, tuple(self._examples[code])) for code, count in ordered)


def shown(value: Any) -> str:
    """A value as it may stand in a message: clean, at most 40 characters."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a huge number"
    return cut(clean(str(value)[:200]), 40) or "empty"
