"""What do the index families of FAISS give: recall against speed, and what do they cost to keep?

Every family is built once, written and mapped again as the engine does it; then every setting is asked the
same queries, one at a time on one thread, through FAISS's own `search`. The rounds go over all settings in
turn, so that noise of the machine hits all alike; the median round counts. Recall is against exact float32
search, twins are equals. Vectors are made up (clusters on the sphere), or those of a data folder as they are
stored. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.ann_families import FAMILIES, Family
from benchmarks.ann_plot import draw
from benchmarks.filters import made_up
from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from engine.backends.faiss_library import faiss
from engine.backends.vector_index import FaissVectorIndex
from engine.generation import DataFolder
from engine.types import FloatArray
from index_builder.vector_oracle import stand_ins

ROUNDS = 3
_DEPTHS = (10, 100)
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Point:
    """A setting of a family. Speed is of searches for ten on one thread; `us_of_100` is the median time of a
    search for a hundred, and `compared` the codes that it looks at, as FAISS counts them (0 where it does
    not). `bytes_per_vector` is the whole file's.
    """

    family: str
    parameters: dict[str, int]
    recall_at_10: float
    recall_at_100: float
    qps: float
    p50_us: float
    us_of_100: float
    compared: float
    bytes_per_vector: float
    build_seconds: float


@dataclass(frozen=True, slots=True)
class Truth:
    """`queries` (m, d), and `floors`: of every depth the score of each query's last right row."""

    vectors: FloatArray
    queries: FloatArray
    floors: dict[int, FloatArray]

    @classmethod
    def over(cls, vectors: FloatArray, queries: FloatArray) -> Truth:
        scores, _ = faiss.knn(queries, vectors, max(_DEPTHS), metric=faiss.METRIC_INNER_PRODUCT)
        return cls(vectors, queries, {depth: scores[:, depth - 1] for depth in _DEPTHS})

    def recall(self, rows: np.ndarray[Any, np.dtype[np.int64]]) -> float:
        """Of `rows` (m, depth); -1, which is nothing found, is wrong."""
        floors = self.floors[rows.shape[1]]
        right = [
            np.mean((found >= 0) & (self.vectors[found] @ query >= floor - _SAME))
            for found, query, floor in zip(rows, self.queries, floors, strict=True)
        ]
        return float(np.mean(right))


@dataclass(slots=True)
class Setting:
    """A family as built, and one way of searching it; the times of its rounds, microseconds."""

    family: str
    index: Any
    parameters: dict[str, int]
    how: Any
    bytes_per_vector: float
    build_seconds: float
    rounds: dict[int, list[FloatArray]] = field(default_factory=lambda: {depth: [] for depth in _DEPTHS})

    def time(self, queries: FloatArray, depth: int) -> None:
        taken = np.empty(len(queries), np.float32)
        for i in range(len(queries)):
            query = queries[i : i + 1]
            start = perf_counter()
            self.index.search(query, depth, params=self.how)
            taken[i] = (perf_counter() - start) * 1e6
        self.rounds[depth].append(taken)

    def point(self, truth: Truth) -> Point:
        stats = faiss.cvar.hnsw_stats, faiss.cvar.indexIVF_stats
        for each in stats:
            each.reset()
        of_100 = self.index.search(truth.queries, 100, params=self.how)[1]
        compared = sum(each.ndis for each in stats) / len(truth.queries)
        of_10 = self.index.search(truth.queries, 10, params=self.how)[1]
        middle = {depth: sorted(taken, key=np.sum)[len(taken) // 2] for depth, taken in self.rounds.items()}
        return Point(
            self.family,
            self.parameters,
            round(truth.recall(of_10), 4),
            round(truth.recall(of_100), 4),
            round(1e6 / float(middle[10].mean()), 1),
            round(float(np.median(middle[10])), 1),
            round(float(np.median(middle[100])), 1),
            round(compared, 1),
            round(self.bytes_per_vector, 1),
            round(self.build_seconds, 1),
        )


def measure(
    families: Iterable[tuple[str, Family]],
    vectors: FloatArray,
    queries: FloatArray,
    *,
    threads: int,
    seed: int,
) -> list[Point]:
    """Points of every family in turn. Built on `threads` threads, searched on one."""
    faiss.omp_set_num_threads(threads)
    truth = Truth.over(vectors, queries)
    with TemporaryDirectory(prefix="cartograph-ann-") as scratch:
        settings = [
            setting
            for name, family in families
            for setting in _built(name, family, vectors, Path(scratch) / f"{name}.faiss", seed)
        ]
        faiss.omp_set_num_threads(1)
        for _ in range(ROUNDS + 1):
            for setting in settings:
                for depth in _DEPTHS:
                    setting.time(queries, depth)
        for setting in settings:
            for taken in setting.rounds.values():
                del taken[0]  # it warmed up
        return [setting.point(truth) for setting in settings]


def pareto(points: Iterable[Point]) -> list[Point]:
    """Points that no other beats in recall@10 and in speed, by rising recall."""
    front: list[Point] = []
    for point in sorted(points, key=lambda each: (-each.recall_at_10, -each.qps)):
        if not front or point.qps > front[-1].qps:
            front.append(point)
    return front[::-1]


def _built(name: str, family: Family, vectors: FloatArray, file: Path, seed: int) -> list[Setting]:
    start = perf_counter()
    faiss.write_index(family.build(vectors, seed), str(file))
    seconds = perf_counter() - start
    index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
    size = file.stat().st_size / len(vectors)
    return [Setting(name, index, told, how, size, seconds) for told, how in family.settings()]


def main() -> None:
    given = _parse()
    vectors = made_up(given.count, given.dimension, given.seed) if given.data is None else _stored(given.data)
    queries = stand_ins(vectors, given.queries, np.random.default_rng(given.seed + 1))
    families = [(name, FAMILIES[name]) for name in given.families]
    points = measure(families, vectors, queries, threads=given.threads, seed=given.seed)
    content = {
        "count": len(vectors),
        "dimension": vectors.shape[1],
        "queries": len(queries),
        "seed": given.seed,
        "build_threads": given.threads,
        "rounds": ROUNDS,
        "faiss": faiss.__version__,
        "factories": {name: family.factory for name, family in families},
        "pareto": [asdict(point) for point in pareto(points)],
        "points": [asdict(point) for point in points],
        "machine": machine(),
    }
    keep_result("ann", given.name, content)
    if given.plot is not None:
        draw(points, given.plot, f"{len(vectors):,} x {vectors.shape[1]}, one thread")
    title = f"{len(vectors):,} x {vectors.shape[1]}: recall of what nothing beats in both"
    show_result(content, _table(pareto(points), title), as_json=given.json)


def _stored(data: Path) -> FloatArray:
    folder = DataFolder.open(data).open_active().part("vectors")
    index = FaissVectorIndex.open(folder, device="cpu")
    return index.vectors(np.arange(len(index)))


def _table(points: Sequence[Point], title: str) -> Table:
    shown = Table(title=title)
    shown.add_column("family", no_wrap=True)
    for column in ("@10", "@100", "QPS", "us", "us of 100", "bytes", "build s"):
        shown.add_column(column, justify="right")
    for each in points:
        shown.add_row(
            " ".join([each.family, *(f"{name}={value}" for name, value in each.parameters.items())]),
            f"{each.recall_at_10:.3f}",
            f"{each.recall_at_100:.3f}",
            f"{each.qps:,.0f}",
            f"{each.p50_us:,.0f}",
            f"{each.us_of_100:,.0f}",
            f"{each.bytes_per_vector:,.0f}",
            f"{each.build_seconds:.1f}",
        )
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ann", description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder whose product vectors are searched")
    parser.add_argument("--count", type=int, default=100_000, help="made-up vectors (default 100000)")
    parser.add_argument("--dimension", type=int, default=384, help="of made-up vectors (default 384)")
    parser.add_argument("--queries", type=int, default=200, help="of each round (default 200)")
    parser.add_argument(
        "--families", nargs="+", choices=FAMILIES, default=list(FAMILIES), help="all when not given"
    )
    parser.add_argument("--threads", type=int, default=1, help="for building; one searches (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="PNG file of the curves; needs the extra [train]")
    parser.add_argument("--name", default="made-up", help="name of the result file (default made-up)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
