"""Build the vector index: the kind by measured work, storage and search effort by measured recall."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from engine.backends.faiss_library import faiss
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import INDEX_FILE, IndexKind, VectorLayout, VectorStorage
from engine.errors import ConfigError
from engine.types import FloatArray
from index_builder.vector_memory import FULL, LINKS, mib_of, within
from index_builder.vector_oracle import DEPTH, Oracle, sample_queries

FLAT_UP_TO = 5_000
"""Comparing 5,000 x 384 takes 0.3 ms on one thread, a walk over HNSW 0.1 ms: below this, exact is worth it.
"""
HNSW_UP_TO = 1_500_000
"""Above this the graph takes more memory and build time than a shop's machine should spend: IVF."""
EFFORTS = {
    IndexKind.FLAT: (0,),
    IndexKind.HNSW: (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512),
    IndexKind.IVF: (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256),
}
_LINKING_EFFORT = 80
_LINKS_THE_SAME = hasattr(faiss, "hnsw_add_vertices_deterministic") and not hasattr(
    faiss.cvar, "hnsw_deterministic_build"
)
"""Threads race for an HNSW graph's links, and only one gives the same graph every time; but in FAISS 1.15 any
number of them does, unless a later release has made that a choice.
"""
_WALKED = 4
"""A row that a walk over HNSW looks at costs as much time as so many rows of a cell, which lie one after the
other: 4 among 100,000 vectors of 384 int8 numbers, 7 among a million, where no cache holds them.
"""


@dataclass(frozen=True, slots=True)
class VectorIndexReport:
    """Recall was measured against exact float32 search over `sample_count` queries."""

    kind: IndexKind
    storage: VectorStorage
    parameters: dict[str, int]
    recall_at_10: float
    recall_at_100: float
    target_recall: float
    sample_count: int
    byte_count: int
    build_seconds: float


def build_vector_index(
    vectors: FloatArray,
    folder: Path,
    *,
    target_recall: float = 0.95,
    seed: int = 0,
    threads: int = 1,
    queries: FloatArray | None = None,
    kind: IndexKind | None = None,
    storages: Sequence[VectorStorage] = FULL,
    encoder: str = "",
    max_mib: float = 0.0,
) -> VectorIndexReport:
    """Write the index of `vectors` (n, d), unit length, into `folder`, and say how well it does.

    Of every kind that is worth a try at this size, int8 storage is tried first, then float16, then float32,
    each with rising search effort, until recall@10 reaches the target, and on until recall@100 does; the kind
    that then looks at least is taken. When nothing reaches it, the index is flat and exact. `queries` (m, d)
    are real query embeddings to measure with; without enough of them noisy products stand in. `kind` leaves
    no choice, `storages` are what is tried. `encoder` is the fingerprint of the
    encoder that made the vectors: nothing else is served with them. The same arguments give the same bytes.

    `max_mib` bounds what the file, which a server maps into memory, may take; 0 does not. Within it, further
    kinds and four bits are tried (see vector_memory.py), in the place of `storages`. Raises ConfigError when
    none of them fits, or none that fits reaches the target.
    """
    started = time.perf_counter()
    matrix = np.ascontiguousarray(vectors, np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    sample = sample_queries(matrix, queries, seed)
    with _threads(threads):
        oracle = Oracle.over(matrix, sample)
        kinds = (kind,) if kind else kinds_for(len(matrix))
        tried: Sequence[tuple[IndexKind, VectorStorage]] = list(product(kinds, storages))
        if max_mib:
            tried = within(max_mib, kinds, *matrix.shape)
        index, layout = _choose(matrix, oracle, tried, target_recall, seed, max_mib)
    faiss.write_index(index, str(folder / INDEX_FILE))
    layout = replace(layout, encoder=encoder)
    layout.save(folder)
    return VectorIndexReport(
        kind=layout.kind,
        storage=layout.storage,
        parameters=_parameters(index, layout),
        recall_at_10=layout.recall_at_10,
        recall_at_100=layout.recall_at_100,
        target_recall=target_recall,
        sample_count=len(sample),
        byte_count=(folder / INDEX_FILE).stat().st_size,
        build_seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True, slots=True)
class _Tried:
    """An index that reaches the recall aimed at. `cost` of a search for a hundred, in rows of a cell: it is
    counted, not timed, so that the same vectors give the same choice on any day.
    """

    index: Any
    layout: VectorLayout
    cost: float

    @classmethod
    def of(cls, index: Any, layout: VectorLayout, oracle: Oracle) -> _Tried:
        compared = oracle.compared(FaissVectorIndex(index, layout))
        if not compared:  # it had rather compare all rows
            return cls(index, layout, layout.count)
        if layout.kind is IndexKind.HNSW:
            return cls(index, layout, _WALKED * compared)
        return cls(index, layout, index.nlist + compared)


def _choose(
    matrix: FloatArray,
    oracle: Oracle,
    tried: Sequence[tuple[IndexKind, VectorStorage]],
    target: float,
    seed: int,
    max_mib: float,
) -> tuple[Any, VectorLayout]:
    """The cheapest of the kinds, each with the first of its storages that reaches the target."""
    best: dict[IndexKind, _Tried] = {}
    for kind, storage in tried:
        if kind is IndexKind.FLAT or kind in best or (best and storage is VectorStorage.INT4):
            continue  # four bits cost recall further down: only where nothing else will do
        index = _build(matrix, kind, storage, seed)
        layout = _tuned(index, _unmeasured(matrix, kind, storage), oracle, target)
        if layout is not None:
            best[kind] = _Tried.of(index, layout, oracle)
    if best:
        cheapest = min(best.values(), key=lambda each: each.cost)
        return cheapest.index, cheapest.layout
    if max_mib and mib_of(IndexKind.FLAT, VectorStorage.FLOAT32, *matrix.shape) > max_mib:
        raise ConfigError(
            f"No vector index of {max_mib:g} MiB reaches a recall of {target:g}. Allow more "
            "(--max-vector-memory), or ask for less (--target-recall).",
            setting="max_vector_memory",
        )
    index = _build(matrix, IndexKind.FLAT, VectorStorage.FLOAT32, seed)
    return index, _unmeasured(matrix, IndexKind.FLAT, VectorStorage.FLOAT32, recall=1.0)


def _tuned(index: Any, layout: VectorLayout, oracle: Oracle, target: float) -> VectorLayout | None:
    """With the least efforts that reach the target in searches for ten and for a hundred; None when the most
    does not.
    """
    shallow: tuple[int, float] | None = None
    for effort in EFFORTS[layout.kind]:
        opened = FaissVectorIndex(index, replace(layout, effort=effort, effort_at_10=effort))
        if shallow is None and (at_10 := oracle.recall(opened, 10)) >= target:
            shallow = effort, at_10
        if shallow is not None and (at_100 := oracle.recall(opened, DEPTH)) >= target:
            return replace(
                layout,
                effort=effort,
                effort_at_10=shallow[0],
                recall_at_10=round(shallow[1], 6),
                recall_at_100=round(at_100, 6),
            )
    return None


def _build(matrix: FloatArray, kind: IndexKind, storage: VectorStorage, seed: int) -> Any:
    index = faiss.index_factory(
        matrix.shape[1], _factory(kind, storage, len(matrix)), faiss.METRIC_INNER_PRODUCT
    )
    if kind is IndexKind.HNSW:
        index.hnsw.efConstruction = _LINKING_EFFORT
    if kind is IndexKind.IVF:
        index.cp.seed = seed
        index.cp.max_points_per_centroid = 64
    if len(matrix):
        index.train(matrix)
        alone = kind is IndexKind.HNSW and not _LINKS_THE_SAME
        with _threads(1 if alone else faiss.omp_get_max_threads()):
            index.add(matrix)
    if kind is IndexKind.IVF:
        index.make_direct_map()  # row -> place, for reading vectors back
    return index


def _factory(kind: IndexKind, storage: VectorStorage, count: int) -> str:
    if kind is IndexKind.FLAT:
        return "Flat"
    if kind is IndexKind.HNSW:
        return f"HNSW{LINKS}_{storage}"
    cells = max(1, min(int(4 * np.sqrt(count)), count // 39))  # FAISS wants 39 rows to train a cell
    return f"IVF{cells},{storage}"


def kinds_for(count: int) -> Sequence[IndexKind]:
    """What is worth a try for so many rows."""
    if count <= FLAT_UP_TO:
        return (IndexKind.FLAT,)
    return (IndexKind.HNSW, IndexKind.IVF) if count <= HNSW_UP_TO else (IndexKind.IVF,)


def _unmeasured(
    matrix: FloatArray, kind: IndexKind, storage: VectorStorage, recall: float = 0.0
) -> VectorLayout:
    return VectorLayout(
        kind, storage, matrix.shape[1], len(matrix), 0, recall_at_10=recall, recall_at_100=recall
    )


def _parameters(index: Any, layout: VectorLayout) -> dict[str, int]:
    if layout.kind is IndexKind.HNSW:
        built = {"M": LINKS, "efConstruction": _LINKING_EFFORT}
        return {**built, "efSearch": layout.effort, "efSearch@10": layout.effort_at_10}
    if layout.kind is IndexKind.IVF:
        return {"nlist": index.nlist, "nprobe": layout.effort, "nprobe@10": layout.effort_at_10}
    return {}


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
