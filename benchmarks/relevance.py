"""Relevance on judged queries, stage by stage, kept as raw JSON with its date.

The same figures as `python -m index_builder evaluate --ablate`, written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.generation import DataFolder
from index_builder.evaluate import evaluate, table
from index_builder.judgements import Judgements


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relevance", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    judgements = Judgements.read(arguments.queries, arguments.qrels)
    opened = open_generation(
        DataFolder.open(arguments.data).open_active(), ServeSettings(data=arguments.data)
    )
    try:
        report = evaluate(opened.pipeline.search, judgements, ablate=True)
    finally:
        opened.close()
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    file = results / f"relevance-{arguments.name}-{datetime.now(UTC):%Y-%m-%d}.json"
    content = {"generation": opened.generation.id, **report}
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if arguments.json:
        sys.stdout.write(json.dumps(content, indent=2) + "\n")
    else:
        Console().print(table(report))


if __name__ == "__main__":
    main()
