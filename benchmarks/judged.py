"""What benchmarks on judged queries have in common: flags, opening, and where results go."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.generation import DataFolder
from engine.serving import Opened
from index_builder.judgements import Judgements


@dataclass(frozen=True, slots=True)
class Judged:
    """The parsed flags. `kind` and `name` make the name of the result file."""

    kind: str
    name: str
    data: Path
    judgements: Judgements
    as_json: bool

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """The active generation of the data folder."""
        opened = open_generation(DataFolder.open(self.data).open_active(), ServeSettings(data=self.data))
        try:
            yield opened
        finally:
            opened.close()

    def keep(self, content: Mapping[str, Any], *tables: Table) -> None:
        """Into benchmarks/results/, and onto the screen."""
        keep_result(self.kind, self.name, content)
        show_result(content, *tables, as_json=self.as_json)


def keep_result(kind: str, name: str, content: Mapping[str, Any]) -> None:
    """Into benchmarks/results/, named by what was measured, on what, and the day."""
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    file = results / f"{kind}-{name}-{datetime.now(UTC):%Y-%m-%d}.json"
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def show_result(content: Mapping[str, Any], *tables: Table, as_json: bool) -> None:
    """One JSON object for programs, or tables for people."""
    if as_json:
        sys.stdout.write(json.dumps(content, indent=2) + "\n")
        return
    for table in tables:
        Console().print(table)


def parse(kind: str, program: str, description: str | None) -> Judged:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{program}", description=description)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    given = parser.parse_args()
    judgements = Judgements.read(given.queries, given.qrels)
    return Judged(kind, given.name, given.data, judgements, given.json)
