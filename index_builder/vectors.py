"""Build the vector index: the kind by size, the storage and the search effort by measured recall."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.backends.faiss_library import faiss
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import INDEX_FILE, IndexKind, VectorLayout, VectorStorage
from engine.errors import ConfigError
from engine.types import FloatArray
from index_builder.vector_memory import FULL, LINKS, mib_of, within

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
_SERVED_DEPTH = 100
"""Fusion takes about this many candidates from a source, so recall has to hold there as well as at 10: nprobe
8 of an IVF index of 19,406 products found .97 of the ten nearest, but only .80 of the hundred nearest.
"""
_SAMPLE = 256
_FEW_QUERIES = 64
_LINKING_EFFORT = 80
_LINKS_THE_SAME = hasattr(faiss, "hnsw_add_vertices_deterministic") and not hasattr(
    faiss.cvar, "hnsw_deterministic_build"
)
"""Threads race for an HNSW graph's links, and only one gives the same graph every time; but in FAISS 1.15 any
number of them does, unless a later release has made that a choice.
"""
_NOISE = 1.5
"""Noise of this length (the product has 1) puts a stand-in query at a cosine of .55 to its product. Shoppers'
queries in icecat were at .61 to their nearest product, and needed about the same effort for the same recall.
"""
_SAME = 1e-6


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

    int8 storage is tried first, then float16, then float32, each with rising search effort, until recall@10
    reaches the target, and on until recall@100 does; when nothing does, the index is flat and exact.
    `queries` (m, d) are real query embeddings to measure with; without enough of them noisy products stand
    in. `kind` overrides the choice by size, `storages` what is tried. `encoder` is the fingerprint of the
    encoder that made the vectors: nothing else is served with them. The same arguments give the same bytes.

    `max_mib` bounds what the file, which a server maps into memory, may take; 0 does not. Within it, further
    kinds and four bits are tried (see vector_memory.py), in the place of `storages`. Raises ConfigError when
    none of them fits, or none that fits reaches the target.
    """
    started = time.perf_counter()
    matrix = np.ascontiguousarray(vectors, np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    sample = _sample(matrix, queries, seed)
    with _threads(threads):
        oracle = _Oracle.over(matrix, sample)
        chosen = kind or _kind_for(len(matrix))
        tried = [(chosen, storage) for storage in storages]
        if max_mib:
            tried = list(within(max_mib, chosen, *matrix.shape))
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
class _Oracle:
    """Exact answers: `scores` (m, depth) are the true best ones of every query, falling."""

    matrix: FloatArray
    queries: FloatArray
    scores: FloatArray

    @classmethod
    def over(cls, matrix: FloatArray, queries: FloatArray) -> _Oracle:
        depth = min(_SERVED_DEPTH, len(matrix))
        if not len(queries):
            return cls(matrix, queries, np.empty((0, depth), np.float32))
        scores, _ = faiss.knn(queries, matrix, depth, metric=faiss.METRIC_INNER_PRODUCT)
        return cls(matrix, queries, scores)

    def recall(self, index: FaissVectorIndex, at: int) -> float:
        """A row is right when its true score is no lower than that of the last right one, so twins are
        equals.
        """
        if not len(self.queries):
            return 1.0
        depth = min(at, len(self.matrix))
        right = [
            np.mean(self.matrix[hits.rows] @ query >= best[depth - 1] - _SAME)
            for query, best, hits in zip(
                self.queries, self.scores, index.search(self.queries, depth), strict=True
            )
        ]
        return float(np.mean(right))


def _choose(
    matrix: FloatArray,
    oracle: _Oracle,
    tried: Sequence[tuple[IndexKind, VectorStorage]],
    target: float,
    seed: int,
    max_mib: float,
) -> tuple[Any, VectorLayout]:
    for kind, storage in tried:
        if kind is IndexKind.FLAT:
            break
        index = _build(matrix, kind, storage, seed)
        layout = _tuned(index, _unmeasured(matrix, kind, storage), oracle, target)
        if layout is not None:
            return index, layout
    if max_mib and mib_of(IndexKind.FLAT, VectorStorage.FLOAT32, *matrix.shape) > max_mib:
        raise ConfigError(
            f"No vector index of {max_mib:g} MiB reaches a recall of {target:g}. Allow more "
            "(--max-vector-memory), or ask for less (--target-recall).",
            setting="max_vector_memory",
        )
    index = _build(matrix, IndexKind.FLAT, VectorStorage.FLOAT32, seed)
    return index, _unmeasured(matrix, IndexKind.FLAT, VectorStorage.FLOAT32, recall=1.0)


def _tuned(index: Any, layout: VectorLayout, oracle: _Oracle, target: float) -> VectorLayout | None:
    """With the least efforts that reach the target in searches for ten and for a hundred; None when the most
    does not.
    """
    shallow: tuple[int, float] | None = None
    for effort in EFFORTS[layout.kind]:
        opened = FaissVectorIndex(index, replace(layout, effort=effort, effort_at_10=effort))
        if shallow is None and (at_10 := oracle.recall(opened, 10)) >= target:
            shallow = effort, at_10
        if shallow is not None and (at_100 := oracle.recall(opened, _SERVED_DEPTH)) >= target:
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


def _kind_for(count: int) -> IndexKind:
    if count <= FLAT_UP_TO:
        return IndexKind.FLAT
    return IndexKind.HNSW if count <= HNSW_UP_TO else IndexKind.IVF


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


def _sample(matrix: FloatArray, queries: FloatArray | None, seed: int) -> FloatArray:
    """At most 256 queries to measure with: real ones first, noisy products when those are few."""
    random = np.random.default_rng(seed)
    real = np.empty((0, matrix.shape[1]), np.float32) if queries is None else np.asarray(queries, np.float32)
    if len(real) > _SAMPLE:
        real = real[np.sort(random.choice(len(real), _SAMPLE, replace=False))]
    if len(real) >= _FEW_QUERIES or not len(matrix):
        return np.ascontiguousarray(real if len(matrix) else real[:0])
    return np.ascontiguousarray(np.concatenate([real, stand_ins(matrix, _SAMPLE, random)]), np.float32)


def stand_ins(matrix: FloatArray, count: int, random: np.random.Generator) -> FloatArray:
    """Products with noise in the place of queries, unit length: `count` of them, or as many as there are."""
    picked = matrix[random.choice(len(matrix), min(count, len(matrix)), replace=False)]
    noise = random.standard_normal(picked.shape, np.float32)
    noisy = picked + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), np.float32)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
