"""What a graph of a million statements costs to serve: memory, opening, linking and expansion.

The graph of a made-up shop (see `benchmarks.growing_shop`) is built as any other, with embeddings, but
without vectors of products, ontologies and a tagger: its words mean nothing. A fresh process opens it as a
server would: the store read-only, the tables, the vectors, the linker. One thread asks 2,000 queries, after
200 that only warm up; then each again with the graph's cache of neighbours emptied before it (cold), so that
every step of its walk is read from the store. `expand` is the stage with its caps: the walk, the synonyms,
the words for the lexical index; `candidates` is the products that hang on what was found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.growing_shop import GrowingShop, Sizes
from benchmarks.machine import machine, peak_mib, resident_mib
from engine.backends.knowledge_graph import OxigraphKnowledgeGraph
from engine.stages.expand import Expand, ExpansionSpec
from engine.stages.link import EntityLinker
from engine.stages.understand import Understand
from index_builder.graph.load import build_graph
from index_builder.graph.materials import Materials

PRODUCTS = 52_000
"""They make a little more than a million statements."""
QUERIES, WARM_UP = 2_000, 200
CANDIDATES = 200
PERCENTILES = (50, 95, 99)
MAX_P99_MS, MAX_RESIDENT_MIB = 5.0, 1024.0


@dataclass(slots=True)
class Clock:
    """Milliseconds of each call by what was timed: on the wall, and of the thread's own processor time, which
    other processes on a busy machine do not lengthen.
    """

    wall: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    processor: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def time(self, name: str, call: Callable[[], Any]) -> Any:
        started, busy = perf_counter(), thread_time()
        result = call()
        busy, ended = thread_time() - busy, perf_counter()
        self.processor[name].append(busy * 1e3)
        self.wall[name].append((ended - started) * 1e3)
        return result

    def summary(self) -> dict[str, dict[str, dict[str, float]]]:
        return {
            kind: {name: _percentiles(values) for name, values in of.items()}
            for kind, of in (("wall", self.wall), ("processor", self.processor))
        }


def _percentiles(values: list[float]) -> dict[str, float]:
    found = {f"p{each}": float(np.percentile(values, each)) for each in PERCENTILES}
    return {name: round(value, 3) for name, value in (*found.items(), ("max", max(values)))}


def build(products: int, seed: int, folder: Path) -> dict[str, Any]:
    """Write the graph and, beside it, the queries that `serve` asks."""
    busy = process_time()
    shop = GrowingShop(Sizes.of(products), seed)
    report = build_graph(list(shop.products()), folder, Materials(embedding=True))
    (folder / "queries.json").write_text(json.dumps(shop.queries(QUERIES + WARM_UP)), encoding="utf-8")
    return {
        "products": products,
        "seed": seed,
        "statements": report.statements,
        "entities": sum(report.entities.values()),
        "names": report.names,
        "build_seconds": round(report.seconds, 1),
        "build_processor_seconds": round(process_time() - busy, 1),
        "build_peak_mib": round(peak_mib(), 1),
    }


def serve(folder: Path) -> dict[str, Any]:
    """Open the graph in this process and measure. Memory is told before and after the queries."""
    empty = resident_mib()
    started = perf_counter()
    graph = OxigraphKnowledgeGraph.open(folder)
    opened = perf_counter()
    understand = Understand(EntityLinker(graph.labels(), graph.words, graph))
    linked = perf_counter()
    ready = resident_mib()
    queries: list[str] = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    expand = Expand(graph, graph.words)
    _ask(queries[:WARM_UP], understand, expand)
    warm, links = _ask(queries[WARM_UP:], understand, expand)
    cold, _ = _ask(queries[WARM_UP:], understand, expand, cold=graph)
    return {
        "open_seconds": {"graph": round(opened - started, 2), "linker": round(linked - opened, 2)},
        "resident_mib": {
            "before": round(empty, 1),
            "ready": round(ready, 1),
            "after": round(resident_mib(), 1),
            "peak": round(peak_mib(), 1),
        },
        "queries": len(queries) - WARM_UP,
        "linked_queries": links,
        "milliseconds": {"warm": warm.summary(), "cold": cold.summary()},
    }


def _ask(
    queries: list[str], understand: Understand, expand: Expand, cold: OxigraphKnowledgeGraph | None = None
) -> tuple[Clock, int]:
    """Timed calls, and how many queries named an entity at least."""
    clock, spec, linked = Clock(), ExpansionSpec(), 0
    for query in queries:
        if cold is not None:
            cold.forget()
        understanding = clock.time("link", partial(understand, query))
        linked += bool(understanding.links)
        expansions = clock.time("expand", partial(_expand, expand, understanding, spec))
        clock.time("candidates", partial(expand.candidates, expansions, CANDIDATES, None))
    return clock, linked


def _expand(expand: Expand, understanding: Any, spec: ExpansionSpec) -> Any:
    expansions = expand(understanding, spec)
    expand.lexical_terms(understanding, expansions, expand.other_words(understanding, expansions))
    return expansions


def report(products: int, seed: int, folder: Path) -> dict[str, Any]:
    """Build here, serve in a process of its own."""
    built = build(products, seed, folder)
    command = [sys.executable, "-m", "benchmarks.graph_growth", "--serve", str(folder)]
    served = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    kept = {
        f"expand_p99_{name}": served["milliseconds"][name]["processor"]["expand"]["p99"] <= MAX_P99_MS
        for name in ("warm", "cold")
    }
    kept["memory"] = served["resident_mib"]["peak"] <= MAX_RESIDENT_MIB
    return {"machine": machine(), "graph": built, "serving": served, "within_target": kept}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph_growth", description=__doc__)
    parser.add_argument("--products", type=int, default=PRODUCTS, help=f"of the made-up shop ({PRODUCTS})")
    parser.add_argument("--seed", type=int, default=7, help="of the made-up shop (default 7)")
    parser.add_argument("--folder", type=Path, help="keep the graph here (default: a temporary folder)")
    parser.add_argument("--serve", type=Path, help="only open the graph in this folder and measure it")
    arguments = parser.parse_args()
    if arguments.serve:
        figures = serve(arguments.serve)
    elif arguments.folder:
        figures = report(arguments.products, arguments.seed, arguments.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            figures = report(arguments.products, arguments.seed, Path(folder))
    if arguments.serve:
        sys.stdout.write(json.dumps(figures))
    else:
        Console().print_json(data=figures)


if __name__ == "__main__":
    main()
