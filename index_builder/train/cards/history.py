"""All figures of a training run, one JSON object a line: `history.jsonl`, which outlives a killed run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.files import write_atomically

HISTORY = "history.jsonl"

Points = list[tuple[int, float]]
"""Steps, ascending, and values."""


@dataclass(frozen=True, slots=True)
class History:
    """Written line by line, so that a run that is killed has kept all it said. One that goes on from a
    checkpoint says some steps again; what it says last counts.
    """

    path: Path

    @classmethod
    def start(cls, path: Path) -> History:
        """Forget the run before."""
        path.unlink(missing_ok=True)
        return cls(path)

    @classmethod
    def resume(cls, path: Path) -> History:
        """Go on behind the last whole line: a killed run may have left half of one."""
        if path.is_file():
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if whole != content:
                write_atomically(path, whole)
        return cls(path)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """What is not finite is left out, which JSON cannot say."""
        kept = {name: float(value) for name, value in figures.items() if math.isfinite(value)}
        if kept:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, "figures": kept}, ensure_ascii=False) + "\n")

    def series(self) -> dict[str, Points]:
        """By name; empty without a file. Raises DataError for a line that is no record; of the last one, a
        killed run may have left half.
        """
        found: dict[str, dict[int, float]] = {}
        for record in self._records():
            for name, value in record["figures"].items():
                found.setdefault(name, {})[record["step"]] = value
        return {name: sorted(values.items()) for name, values in found.items()}

    def _records(self) -> Iterator[dict[str, Any]]:
        if not self.path.is_file():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            record = _record(line)
            if record is not None:
                yield record
            elif number < len(lines):
                raise DataError(self.path, "is no record of a training run", line=number)


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
        figures = {str(name): float(value) for name, value in record["figures"].items()}
        return {"step": int(record["step"]), "figures": figures}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
