"""FAISS called directly: what an engine around the same kind of index can reach at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.peer import EFFORTS, LIMIT, LINKING_EFFORT, LINKS, Kind, Options, folder_bytes
from engine.backends.faiss_library import faiss
from engine.types import FloatArray


class FaissPeer:
    """Fits `Peer`. The kind of index that `index_builder.vectors` chooses for up to 1.5 million vectors."""

    kind = Kind.IN_PROCESS
    efforts = EFFORTS
    processes: Sequence[int] = ()

    def __init__(self, options: Options) -> None:
        self._options = options
        self._factory = f"HNSW{LINKS}_SQ8"
        self._index: Any = None

    @property
    def versions(self) -> Mapping[str, str]:
        return {"faiss": faiss.__version__}

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "index": self._factory,
            "efConstruction": LINKING_EFFORT,
            "metric": "inner product",
            "building threads": self._options.threads,
        }

    def build(self, vectors: FloatArray) -> None:
        faiss.omp_set_num_threads(self._options.threads)
        index = faiss.index_factory(self._options.dimension, self._factory, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = LINKING_EFFORT
        index.train(vectors)
        index.add(vectors)
        faiss.write_index(index, str(self._options.folder / "index.faiss"))
        self._index = index

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:
        wanted = faiss.SearchParametersHNSW(efSearch=effort)
        _, rows = self._index.search(vector[None], LIMIT, params=wanted)
        found: list[int] = rows[0].tolist()
        return found

    def disk_bytes(self) -> int:
        return folder_bytes(self._options.folder)

    def close(self) -> None:
        self._index = None


def open_peer(options: Options) -> FaissPeer:
    return FaissPeer(options)
