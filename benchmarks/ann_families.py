"""The families of approximate search that the installed FAISS has, and how each trades recall for time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from engine.backends.faiss_library import faiss
from engine.types import FloatArray

_LINKING_EFFORT = 80
_WALKS = (16, 32, 48, 64, 96, 128, 192, 256, 384)
_CELLS = (1, 2, 4, 8, 16, 32, 64, 128)
_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Family:
    """`factory` is FAISS's description; in it `cells` stands for the number of cells, `half` and `quarter`
    for these parts of the dimension. `efforts` are values of efSearch where the factory begins with HNSW, of
    nprobe where it begins with IVF. `candidates` are how many times the results asked for the refinement
    reads; none where there is no refinement.
    """

    factory: str
    efforts: tuple[int, ...] = (0,)
    candidates: tuple[int, ...] = (0,)
    metric: int = faiss.METRIC_INNER_PRODUCT

    @property
    def walks(self) -> bool:
        return self.factory.startswith("HNSW")

    @property
    def has_cells(self) -> bool:
        return self.factory.startswith("IVF")

    def build(self, vectors: FloatArray, seed: int) -> Any:
        """An index of `vectors` (n, d), made with as many threads as OpenMP has."""
        count, dimension = vectors.shape
        cells = max(1, min(int(4 * np.sqrt(count)), count // 39))
        described = self.factory.format(cells=cells, half=dimension // 2, quarter=dimension // 4)
        index = faiss.index_factory(dimension, described, self.metric)
        inner = faiss.downcast_index(index.base_index) if any(self.candidates) else index
        if self.walks:
            inner.hnsw.efConstruction = _LINKING_EFFORT
        if self.has_cells:
            inner.cp.seed, inner.cp.max_points_per_centroid = seed, 64
        index.train(vectors)
        index.add(vectors)
        return index

    def settings(self) -> Iterator[tuple[dict[str, int], Any]]:
        """Parameters by name, and the same for a call of FAISS's `search`."""
        for effort, factor in product(self.efforts, self.candidates):
            told = {}
            how = None
            if self.walks:
                told["efSearch"], how = effort, faiss.SearchParametersHNSW(efSearch=effort)
            if self.has_cells:
                told["nprobe"], how = effort, faiss.SearchParametersIVF(nprobe=effort)
            if factor:
                told["k_factor"] = factor
                how = faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=how)
            yield told, how


FAMILIES = {
    "flat": Family("Flat"),
    "flat-sq8": Family("SQ8"),
    "flat-pq-refined": Family("PQ{half}x4fs,Refine(SQ8)", candidates=(2, 4, 8, 16)),
    "flat-rabitq-refined": Family("RaBitQfs,Refine(SQ8)", candidates=(4, 8, 16, 32)),
    "hnsw": Family("HNSW32", _WALKS),
    "hnsw-sq8": Family("HNSW32_SQ8", _WALKS),
    "hnsw-fp16": Family("HNSW32_SQfp16", _WALKS),
    "hnsw-sq4": Family("HNSW32_SQ4", _WALKS),
    "hnsw-sq4-refined": Family("HNSW32_SQ4,Refine(SQ8)", _WALKS, (2, 4)),
    "hnsw-panorama": Family(f"HNSW32_FlatPanorama{_LEVELS}", _WALKS, metric=faiss.METRIC_L2),
    "hnsw-rabitq4": Family("HNSW32_RaBitQ4", _WALKS, metric=faiss.METRIC_L2),
    "ivf-sq8": Family("IVF{cells},SQ8", _CELLS),
    "ivf-fp16": Family("IVF{cells},SQfp16", _CELLS),
    "ivf-flat": Family("IVF{cells},Flat", _CELLS),
    "ivf-panorama": Family(f"IVF{{cells}},FlatPanorama{_LEVELS}", _CELLS),
    "ivf-pq-refined": Family("IVF{cells},PQ{half}x4fs,Refine(SQ8)", _CELLS, (2, 4, 8)),
    "ivf-coarse-pq-refined": Family("IVF{cells},PQ{quarter}x4fs,Refine(SQ8)", _CELLS, (4, 8, 16)),
    "ivf-pq-refined-flat": Family("IVF{cells},PQ{half}x4fs,RFlat", _CELLS, (4,)),
    "ivf-rabitq-refined": Family("IVF{cells},RaBitQfs,Refine(SQ8)", _CELLS, (4, 8, 16)),
    "ivf-rabitq4": Family("IVF{cells},RaBitQfs4", _CELLS),
}
"""By name. FAISS 1.15 has Panorama and RaBitQ over a graph for L2 alone, which orders vectors of length 1 as
cosine does.
"""
