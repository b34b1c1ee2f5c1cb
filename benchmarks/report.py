"""One page of what the newest results say: targets and whether they are reached, and a picture of each.

Reads the JSON files that the benchmarks wrote, the newest of each kind among the names that are given, and
writes report.html beside them (and, with --figure, one picture for a README). Prints the table of targets.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.targets import TARGETS, Measured, Result, measured

RESULTS = Path(__file__).parent / "results"
NAMES = ("icecat", "million", "made-up")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 }
td, th { padding: .25em .8em; text-align: left; vertical-align: top }
tr { border-bottom: 1px solid #ddd } .missed { color: #a33 } .reached { color: #276b2c }
svg { max-width: 100%; height: auto } footer { color: #777; font-size: 13px; margin-top: 3em }
"""


def newest(folder: Path, names: Sequence[str]) -> dict[str, tuple[str, Result]]:
    """File name and content by kind; of several names the first that has one, of several days the last."""
    found: dict[str, tuple[str, Result]] = {}
    for kind in sorted({target.kind for target in TARGETS}):
        for name in names:
            files = sorted(folder.glob(f"{kind}-{name}-????-??-??.json"))
            if files:
                found[kind] = (files[-1].name, json.loads(files[-1].read_text(encoding="utf-8")))
                break
    return found


def page(found: Mapping[str, tuple[str, Result]], rows: Sequence[Measured]) -> str:
    """HTML that needs nothing beside itself."""
    from benchmarks.plots import PLOTS

    parts = ["<h1>Cartograph, measured</h1>", _targets(rows)]
    for kind, (file, result) in found.items():
        parts.append(f"<h2>{escape(kind)}</h2>{PLOTS[kind](result)}{_origin(file, result)}")
    body = "".join(parts)
    head = f"<!doctype html><meta charset=utf-8><title>Cartograph, measured</title><style>{_STYLE}</style>"
    return (
        f"{head}<body>{body}<footer>A figure is of one run on one machine, named below its picture.</footer>"
    )


def _targets(rows: Sequence[Measured]) -> str:
    lines = "".join(
        f"<tr><td>{escape(row.target.what)}<td>{escape(row.target.wanted)}<td>{escape(row.shown)}"
        f"<td class={row.verdict or 'open'}>{row.verdict}"
        for row in rows
    )
    return f"<table><tr><th>what<th>target<th>measured<th>{lines}</table>"


def _origin(file: str, result: Result) -> str:
    machine: Mapping[str, Any] = result.get("machine", {})
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in machine.items() if value != "")
    return f"<p><small>{escape(file)}: {escape(told)}</small>"


def table(rows: Sequence[Measured]) -> Table:
    shown = Table("what", "target", "measured", "", title="targets")
    for row in rows:
        shown.add_row(row.target.what, row.target.wanted, row.shown, row.verdict)
    return shown


def main() -> int:
    given = _parse()
    found = newest(given.results, given.names)
    if not found:
        sys.stderr.write(
            f"{given.results} holds no result named {' or '.join(given.names)}; run benchmarks.\n"
        )
        return 1
    rows = measured({kind: result for kind, (_, result) in found.items()})
    (given.results / "report.html").write_text(page(found, rows), encoding="utf-8")
    if given.figure is not None:
        from benchmarks.plots import load

        given.figure.write_text(load(found["load"][1]), encoding="utf-8")
    Console().print(table(rows))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument(
        "--names", nargs="+", default=list(NAMES), help=f"of results (default {' '.join(NAMES)})"
    )
    parser.add_argument("--figure", type=Path, help="also write latency against load to this SVG file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
