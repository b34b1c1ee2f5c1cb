"""Does a filter cost recall, and what does it cost in time? A sweep over how much a filter lets through.

The masks are of three kinds: `random` has nothing to do with the query, `near` lets through what is nearest
to it (a filter that says what the query says), `far` what is farthest (a filter against the query, in which a
graph walk loses its way). Recall@10 is against exact search among what passes, over vectors as they are
stored: with 50,000 vectors that are `far`, the tenth and the eleventh differ by less than eight bits tell.
Times are of one caller on one thread. Vectors are made up, or those of a data folder. Written to
benchmarks/results/.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from engine.backends.vector_index import FaissVectorIndex
from engine.generation import DataFolder
from engine.types import FloatArray, Mask
from index_builder.vector_oracle import stand_ins
from index_builder.vectors import build_vector_index

SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001)
KINDS = ("random", "near", "far")
TARGET = 0.95
_LIMIT = 10
_FAMILIES = ((400, 1.0), (60, 0.8), (10, 0.7))
"""Products in a family on average, and how far families of that size lie from the one that they are in."""
_PRODUCT_SPREAD = 0.6
_ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """Of one kind of mask and one share of rows that pass: mean recall@10, milliseconds of a search."""

    mask: str
    share: float
    passing: int
    recall: float
    least_recall: float
    p50_ms: float
    p99_ms: float


def made_up(count: int, dimension: int, seed: int) -> FloatArray:
    """Float32 (count, dimension), unit length: families of families, in directions of unequal weight.

    Shaped after embeddings of 19,406 electronics products: a query's nearest, tenth and hundredth product
    have cosines of .55, .45 and .32 (there .55, .43 and .33), and 118 directions hold nine tenths of the
    variance (131), so that approximate search is about as hard. Clusters around independent centres are not:
    beyond a cluster's own members all is equally far.
    """
    chance = np.random.default_rng(seed)
    members = np.zeros((1, dimension), np.float32)
    for size, spread in _FAMILIES:
        parents = chance.integers(0, len(members), max(1, count // size))
        members = members[parents] + _noise(chance, len(parents), dimension, spread)
    parents = chance.integers(0, len(members), count)
    weights = np.arange(1, dimension + 1, dtype=np.float32) ** np.float32(-0.5)
    vectors = np.empty((count, dimension), np.float32)
    for start in range(0, count, _ROWS_AT_ONCE):
        chunk = members[parents[start : start + _ROWS_AT_ONCE]]
        chunk = (chunk + _noise(chance, len(chunk), dimension, _PRODUCT_SPREAD)) * weights
        vectors[start : start + len(chunk)] = chunk / np.linalg.norm(chunk, axis=1, keepdims=True)
    return vectors


def _noise(chance: np.random.Generator, count: int, dimension: int, spread: float) -> FloatArray:
    return np.float32(spread) * chance.standard_normal((count, dimension), np.float32)


def masks(scores: FloatArray, kind: str, share: float, chance: np.random.Generator) -> Iterator[Mask]:
    """One for each row of `scores` (queries, rows), letting through `share` of the rows, ten at least."""
    passing = max(_LIMIT, round(share * scores.shape[1]))
    for row in scores:
        if kind == "random":
            chosen = chance.choice(len(row), passing, replace=False)
        else:
            chosen = np.argpartition(-row if kind == "near" else row, passing - 1)[:passing]
        mask = np.zeros(len(row), np.bool_)
        mask[chosen] = True
        yield mask


def sweep(index: FaissVectorIndex, vectors: FloatArray, queries: FloatArray, seed: int) -> list[Bucket]:
    scores = queries @ vectors.T
    chance = np.random.default_rng(seed)
    return [
        _bucket(index, queries, scores, kind, share, chance)
        for share in SHARES
        for kind in (KINDS if share < 1 else KINDS[:1])
    ]


def _bucket(
    index: FaissVectorIndex,
    queries: FloatArray,
    scores: FloatArray,
    kind: str,
    share: float,
    chance: np.random.Generator,
) -> Bucket:
    recalls, times, passing = [], [], 0
    for query, row, mask in zip(queries, scores, masks(scores, kind, share, chance), strict=True):
        given = None if share == 1 else mask
        start = perf_counter()
        found = index.search(query[None], _LIMIT, given)[0]
        times.append((perf_counter() - start) * 1e3)
        passing = int(mask.sum())
        # Twins are equals: what scores no less than the last right one is right.
        last = np.partition(row[mask], -_LIMIT)[-_LIMIT]
        recalls.append(float(np.mean(row[found.rows] >= last - 1e-6)) if len(found) == _LIMIT else 0.0)
    return Bucket(
        kind,
        share,
        passing,
        round(float(np.mean(recalls)), 4),
        round(min(recalls), 2),
        round(median(times), 3),
        round(float(np.percentile(times, 99)), 3),
    )


def main() -> None:
    given = _parse()
    with TemporaryDirectory(prefix="cartograph-filters-") as scratch:
        if given.data is None:
            drawn = made_up(given.count, given.dimension, given.seed)
            build_vector_index(drawn, Path(scratch), seed=given.seed, threads=2)
            index = FaissVectorIndex.open(Path(scratch), device="cpu")
        else:
            folder = DataFolder.open(given.data).open_active().part("vectors")
            index = FaissVectorIndex.open(folder, device="cpu")
        vectors = index.vectors(np.arange(len(index)))
        queries = stand_ins(vectors, given.queries, np.random.default_rng(given.seed + 1))
        buckets = sweep(index, vectors, queries, given.seed)
    content = {
        "layout": asdict(index.layout),
        "queries": given.queries,
        "target": TARGET,
        "buckets": [asdict(bucket) for bucket in buckets],
        "machine": machine(),
    }
    keep_result("filters", given.name, content)
    show_result(content, _table(index, buckets), as_json=given.json)


def _table(index: FaissVectorIndex, buckets: list[Bucket]) -> Table:
    layout = index.layout
    shown = Table(title=f"{layout.count:,} x {layout.dimension}, {layout.kind} of {layout.storage}")
    for column in ("filter", "passes", "rows", "recall@10", "least", "p50 ms", "p99 ms"):
        shown.add_column(column, justify="left" if column == "filter" else "right")
    for each in buckets:
        shown.add_row(
            each.mask,
            f"{each.share:.2%}",
            f"{each.passing:,}",
            f"{each.recall:.3f}" + ("" if each.recall >= TARGET else " (below the target)"),
            f"{each.least_recall:.2f}",
            f"{each.p50_ms:.2f}",
            f"{each.p99_ms:.2f}",
        )
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filters", description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder whose product vectors are searched")
    parser.add_argument("--count", type=int, default=100_000, help="made-up vectors (default 100000)")
    parser.add_argument("--dimension", type=int, default=384, help="of made-up vectors (default 384)")
    parser.add_argument("--queries", type=int, default=200, help="for each kind and share (default 200)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="made-up", help="name of the result file (default made-up)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
