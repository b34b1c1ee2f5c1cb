"""What the measuring process is told, and what it tells: one JSON file each way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Options

VECTORS, TUNING, QUERIES = "vectors.npy", "tuning.npz", "queries.npz"
"""Float32 (n, d); and beside the queries' `vectors` (m, d) their `worst` (m,), see `truth.Queries`."""


@dataclass(frozen=True, slots=True)
class Job:
    """`data` is the folder with the vectors; `answer` the file that the outcome is written to."""

    module: str
    data: Path
    answer: Path
    options: Options
    seconds: float

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Job:
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        options = told["options"]
        return cls(
            told["module"],
            Path(told["data"]),
            Path(told["answer"]),
            Options(**{**options, "folder": Path(options["folder"])}),
            told["seconds"],
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """`problem` is one sentence, "" when there was none; then the rest is filled, as JSON has it."""

    problem: str = ""
    kind: str = ""
    versions: Mapping[str, str] | None = None
    settings: Mapping[str, object] | None = None
    figures: Mapping[str, Any] | None = None

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Outcome:
        return cls(**json.loads(file.read_text(encoding="utf-8")))
