"""LanceDB in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.index import HnswSq

from benchmarks.peers.peer import EFFORTS, LIMIT, LINKING_EFFORT, LINKS, Kind, Options, folder_bytes
from engine.types import FloatArray

_REFINE = 2
"""Twice as many candidates as wanted are compared again with the stored float32 vectors."""


class LancePeer:
    """Fits `Peer`. One partition, as LanceDB's documentation proposes for HNSW."""

    kind = Kind.IN_PROCESS
    efforts = tuple(effort for effort in EFFORTS if effort >= _REFINE * LIMIT)  # less is refused
    processes: Sequence[int] = ()

    def __init__(self, options: Options) -> None:
        self._options = options
        self._table: Any = None

    @property
    def versions(self) -> Mapping[str, str]:
        return {name: version(name) for name in ("lancedb", "pyarrow")}

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "index": "IVF_HNSW_SQ (8 bits)",
            "num_partitions": 1,
            "m": LINKS,
            "ef_construction": LINKING_EFFORT,
            "metric": "dot",
            "refine_factor": _REFINE,
        }

    def build(self, vectors: FloatArray) -> None:
        flat = pa.array(vectors.reshape(-1))
        columns = {
            "id": pa.array(np.arange(len(vectors))),
            "embedding": pa.FixedSizeListArray.from_arrays(flat, self._options.dimension),
        }
        self._table = lancedb.connect(self._options.folder).create_table("items", pa.table(columns))
        index = HnswSq(distance_type="dot", num_partitions=1, m=LINKS, ef_construction=LINKING_EFFORT)
        self._table.create_index("embedding", config=index)

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:
        query = self._table.search(vector, vector_column_name="embedding").distance_type("dot").nprobes(1)
        query = query.ef(effort).refine_factor(_REFINE).limit(LIMIT).select(["id", "_distance"])
        found: list[int] = query.to_arrow()["id"].to_pylist()
        return found

    def disk_bytes(self) -> int:
        return folder_bytes(self._options.folder)

    def close(self) -> None:
        self._table = None


def open_peer(options: Options) -> LancePeer:
    return LancePeer(options)
