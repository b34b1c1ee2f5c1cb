"""Nearest rows by cosine, from a FAISS index that `index_builder.vectors` wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from engine.backends.faiss_install import check_faiss_install
from engine.backends.faiss_library import faiss
from engine.backends.vector_gpu import MAX_DEPTH, copy_to_gpu, wants_gpu
from engine.backends.vector_layout import INDEX_FILE, IndexKind, VectorLayout
from engine.errors import DamagedGenerationError, DimensionMismatchError
from engine.types import Candidates, FloatArray, Mask, RowArray

_ROWS_PER_STEP = 17
"""One step of an HNSW walk costs as much time as comparing so many rows in a scan (measured, 384 dimensions).
"""
_ROWS_PER_SKIP = 1 / 16
"""Stepping over one masked row of a scan, in the same unit."""
_DEEPER = 4
_SIGMAS = 3
"""Standard deviations beyond the mean number of neighbours that have to be seen before enough have passed."""


class FaissVectorIndex:
    """Fits `VectorIndex`. Safe to search from several threads at once; never changed after opening.

    A masked search must not lose recall. Handing the mask to an HNSW walk does: it keeps whatever passes on
    the way, and where the mask and the query disagree (nothing near the query passes) it fills up with rows
    that are far from the best: recall 0.05 was seen where half of the rows passed. So the walk ignores the
    mask and goes deep enough that `limit` rows should be left. One that leaves fewer is repeated once, four
    times as deep, and then replaced by an exact scan inside which FAISS applies the mask; so is every walk
    that would cost more than that scan.
    """

    def __init__(self, index: Any, layout: VectorLayout, *, threads: int = 1, gpu_index: Any = None) -> None:
        self._index = index
        self._layout = layout
        self._threads = threads
        self._gpu = gpu_index
        # The rows behind the graph, in row order: scanning them is exact for what is stored.
        self._rows = faiss.downcast_index(index.storage) if layout.kind is IndexKind.HNSW else index

    @classmethod
    def open(cls, folder: Path, *, device: str = "auto", threads: int = 1) -> FaissVectorIndex:
        """Map the index into memory; on CUDA copy it to the device as well.

        `threads` is for calls with several vectors: a lone query uses one thread, since it is over before
        others have woken up. Raises DamagedGenerationError, and ConfigError when `device` cannot be had.
        """
        check_faiss_install()
        layout = VectorLayout.load(folder)
        index = _read(folder / INDEX_FILE, layout)
        gpu_index = copy_to_gpu(index, layout) if wants_gpu(device) and layout.count else None
        return cls(index, layout, threads=threads, gpu_index=gpu_index)

    @property
    def dimension(self) -> int:
        return self._layout.dimension

    @property
    def layout(self) -> VectorLayout:
        return self._layout

    @property
    def on_gpu(self) -> bool:
        return self._gpu is not None

    def __len__(self) -> int:
        return self._layout.count

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        """See `VectorIndex`. Raises DimensionMismatchError; ValueError when the mask has another length."""
        return self._found(vectors, limit, mask, exact=False)

    def vectors(self, rows: RowArray) -> FloatArray:
        wanted = np.ascontiguousarray(rows, np.int64)
        if not len(wanted):
            return np.empty((0, self.dimension), np.float32)
        if wanted.min() < 0 or wanted.max() >= len(self):
            raise IndexError(f"Rows go from 0 to {len(self) - 1}.")
        found: FloatArray = self._rows.reconstruct_batch(wanted)
        return found

    def exact(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        """As `search`, but every row that passes is compared with what is stored of it."""
        return self._found(vectors, limit, mask, exact=True)

    def _found(self, vectors: FloatArray, limit: int, mask: Mask | None, *, exact: bool) -> list[Candidates]:
        queries = self._queries(vectors)
        passing = len(self) if mask is None else self._passing(mask)
        wanted = min(limit, passing)
        if wanted <= 0:
            return [Candidates.none() for _ in queries]
        with _faiss_threads(self._threads if len(queries) > 1 else 1):
            scores, rows = (
                self._scan(queries, wanted, mask) if exact else self._nearest(queries, wanted, mask, passing)
            )
        return [
            Candidates.ranked(r, s, limit=wanted, complete=wanted == passing)
            for r, s in zip(rows, scores, strict=True)
        ]

    def _nearest(
        self, queries: FloatArray, wanted: int, mask: Mask | None, passing: int, again: bool = False
    ) -> tuple[FloatArray, RowArray]:
        """Scores and rows (m, wanted), unordered among equals; so many rows pass, so none is -1. Walks go so
        deep that a mask that has nothing to do with the query is sure to leave enough; `again`, deeper.
        """
        depth = wanted if mask is None else _depth(wanted, passing / len(self)) * (_DEEPER if again else 1)
        if self._scan_is_cheaper(depth, passing):
            return self._scan(queries, wanted, mask)
        scores, rows = self._walk(queries, depth)
        keep = rows >= 0 if mask is None else (rows >= 0) & mask[rows]
        # A stable sort brings what is kept to the front and leaves it in order of score.
        front = np.argsort(~keep, axis=1, kind="stable")[:, :wanted]
        scores, rows = np.take_along_axis(scores, front, 1), np.take_along_axis(rows, front, 1)
        short = np.flatnonzero(keep.sum(axis=1) < wanted)
        if len(short):
            scores[short], rows[short] = (
                self._scan(queries[short], wanted, mask)
                if again
                else self._nearest(queries[short], wanted, mask, passing, again=True)
            )
        return scores, rows

    def _scan_is_cheaper(self, depth: int, passing: int) -> bool:
        if self._gpu is not None:
            return depth > min(MAX_DEPTH, len(self))
        if self._layout.kind is IndexKind.FLAT or depth >= len(self):
            return True
        scan = passing + _ROWS_PER_SKIP * (len(self) - passing)
        if self._layout.kind is IndexKind.HNSW:
            return scan <= _ROWS_PER_STEP * self._effort(depth)
        return scan <= len(self) * self._effort(depth) / int(self._index.nlist)

    def _effort(self, depth: int) -> int:
        effort = self._layout.effort_for(depth)
        return max(effort, depth) if self._layout.kind is IndexKind.HNSW else min(effort, self._index.nlist)

    def _walk(self, queries: FloatArray, depth: int) -> tuple[FloatArray, RowArray]:
        if self._gpu is not None:
            found: tuple[FloatArray, RowArray] = self._gpu.search(queries, depth)
            return found
        if self._layout.kind is IndexKind.HNSW:
            how = faiss.SearchParametersHNSW(efSearch=self._effort(depth))
        else:
            how = faiss.SearchParametersIVF(nprobe=self._effort(depth))
        found = self._index.search(queries, depth, params=how)
        return found[0], found[1]

    def _scan(self, queries: FloatArray, wanted: int, mask: Mask | None) -> tuple[FloatArray, RowArray]:
        """Exact over what is stored; the mask acts inside FAISS."""
        bits = None if mask is None else np.packbits(mask, bitorder="little")
        selector = None if bits is None else faiss.IDSelectorBitmap(len(self), faiss.swig_ptr(bits))
        if self._layout.kind is IndexKind.IVF:
            how = faiss.SearchParametersIVF(sel=selector, nprobe=self._index.nlist)
        else:
            how = faiss.SearchParameters(sel=selector)
        found: tuple[FloatArray, RowArray] = self._rows.search(queries, wanted, params=how)
        return found

    def _queries(self, vectors: FloatArray) -> FloatArray:
        queries = np.ascontiguousarray(np.atleast_2d(vectors), np.float32)
        if queries.shape[1] != self.dimension:
            raise DimensionMismatchError(encoder_dim=queries.shape[1], index_dim=self.dimension)
        return queries

    def _passing(self, mask: Mask) -> int:
        if mask.shape != (len(self),):
            raise ValueError(f"The mask has the shape {mask.shape}, the index {len(self)} rows.")
        return int(np.count_nonzero(mask))


def _depth(wanted: int, share: float) -> int:
    """Neighbours among which `wanted` pass, where each does with the probability `share`."""
    return ceil((wanted + _SIGMAS * sqrt(wanted * (1 - share))) / share)


@contextmanager
def _faiss_threads(count: int) -> Iterator[None]:
    """OpenMP keeps its thread number per calling thread, so this disturbs no other search."""
    before = faiss.omp_get_max_threads()
    if before == count:
        yield
        return
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _read(path: Path, layout: VectorLayout) -> Any:
    if not path.is_file():
        raise DamagedGenerationError(path, "is missing")
    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except (RuntimeError, MemoryError) as problem:
        raise DamagedGenerationError(path, "is cut short or no FAISS index") from problem
    expected = {
        IndexKind.FLAT: faiss.IndexFlat,
        IndexKind.HNSW: faiss.IndexHNSW,
        IndexKind.IVF: faiss.IndexIVF,
    }
    if not isinstance(index, expected[layout.kind]) or (index.ntotal, index.d) != (
        layout.count,
        layout.dimension,
    ):
        raise DamagedGenerationError(
            path, "is another index than the one that index.json beside it describes"
        )
    return index
