"""This project's parts beside what others would use in their place, on one machine, in one run.

Engines store the same float32 vectors of length 1 and are asked for the ten nearest by inner product, one
engine after the other, each in a process of its own that is gone before the next begins; servers are asked
over their own network interface. Each gets the least effort that finds 95% of the exact answers to 500
queries (Cartograph chose its own when it was built), and is then asked others, by one caller and by 16.
The engines' packages are no part of this project: `pip install -e '.[peers]'` brings them, or what the line
of a missing one says. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.filters import made_up
from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from benchmarks.peers.job import Outcome
from benchmarks.peers.registry import PEERS
from benchmarks.peers.runs import known, run, save_data
from index_builder.vector_oracle import stand_ins

_TUNING, _ASKED = 500, 1_000


def main() -> None:
    given = _parse()
    vectors = made_up(given.count, given.dimension, given.seed)
    queries = stand_ins(vectors, _TUNING + _ASKED, np.random.default_rng(given.seed + 1))
    outcomes: dict[str, Outcome] = {}
    with TemporaryDirectory(prefix="cartograph-peers-data-") as folder:
        save_data(Path(folder), vectors, queries[:_TUNING], queries[_TUNING:])
        del vectors
        for name in given.peers:
            outcomes[name] = run(
                PEERS[name],
                Path(folder),
                dimension=given.dimension,
                seed=given.seed,
                threads=given.threads,
                seconds=given.seconds,
                minutes=given.peer_minutes,
                models=str(given.data or ""),
                shops=str(given.shops or ""),
            )
            if outcomes[name].problem:
                sys.stderr.write(f"{name}: {outcomes[name].problem}\n")
    content = {
        "count": given.count,
        "dimension": given.dimension,
        "seed": given.seed,
        "threads": given.threads,
        "seconds": given.seconds,
        "peers": {name: asdict(outcome) for name, outcome in outcomes.items()},
        "machine": machine(),
    }
    keep_result("peers", given.name, content)
    show_result(content, _table(outcomes, given.count, given.dimension), as_json=given.json)


def _table(outcomes: Mapping[str, Outcome], count: int, dimension: int) -> Table:
    shown = Table(title=f"{count:,} x {dimension}, the ten nearest")
    columns = ("engine", "recall", "1 caller /s", "p99 ms", "16 callers /s", "p99 ms", "MiB", "built s")
    for column in columns:
        shown.add_column(column, justify="left" if column == "engine" else "right")
    for name, outcome in outcomes.items():
        if outcome.figures is not None:
            shown.add_row(f"{name} ({outcome.kind})", *_cells(outcome.figures))
    return shown


def _cells(figures: Mapping[str, Any]) -> Sequence[str]:
    alone, crowd = figures["loads"]
    memory = figures["memory_mib"]
    return (
        f"{crowd['recall']:.3f}",
        f"{alone['per_second']:,.0f}",
        f"{alone['p99_ms']:.1f}",
        f"{crowd['per_second']:,.0f}",
        f"{crowd['p99_ms']:.1f}",
        "" if memory is None else f"{memory:,.0f}",
        f"{figures['build_seconds']:,.0f}",
    )


def _peers(names: str) -> list[str]:
    try:
        return known(names, PEERS)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder whose models Cartograph serves with")
    parser.add_argument("--shops", type=Path, help="folder of benchmarks.growth, whose shop is served")
    names = ",".join(PEERS)
    parser.add_argument("--peers", type=_peers, default=list(PEERS), help=f"some of {names} (default: all)")
    parser.add_argument("--count", type=int, default=100_000, help="vectors (default 100000)")
    parser.add_argument("--dimension", type=int, default=384, help="of the vectors (default 384)")
    parser.add_argument("--threads", type=int, default=2, help="that engines build with (default 2)")
    parser.add_argument("--seconds", type=float, default=5.0, help="that callers ask (default 5)")
    parser.add_argument("--peer-minutes", type=float, default=10.0, help="for each engine (default 10)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--name", default="made-up", help="name of the result file (default made-up)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
