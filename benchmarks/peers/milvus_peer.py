"""Milvus Lite through pymilvus: its server runs as threads of this process, asked over gRPC.

With an address (http://HOST:PORT) a Milvus that runs already is asked instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from milvus_lite.server_manager import server_manager_instance
from pymilvus import DataType, MilvusClient

from benchmarks.peers.peer import EFFORTS, LIMIT, LINKING_EFFORT, LINKS, Kind, Options, folder_bytes
from engine.types import FloatArray

_COLLECTION = "cartograph_peers"
_BATCH = 2_000
"""Rows sent at once: 3 MB of 384 components, below the usual bound of gRPC messages."""


class MilvusPeer:
    """Fits `Peer`."""

    efforts = EFFORTS
    processes: Sequence[int] = ()

    def __init__(self, options: Options) -> None:
        self._options = options
        self.kind = Kind.SERVER if options.address else Kind.IN_PROCESS
        self._place = options.address or str(options.folder / "milvus.db")
        self._client: Any = MilvusClient(self._place)

    @property
    def versions(self) -> Mapping[str, str]:
        if self._options.address:
            return {"milvus": self._client.get_server_version(), "pymilvus": version("pymilvus")}
        return {name: version(name) for name in ("milvus-lite", "pymilvus", "faiss-cpu")}

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "index": "HNSW_SQ (8 bits)",
            "M": LINKS,
            "efConstruction": LINKING_EFFORT,
            "metric": "IP",
            "protocol": "gRPC" if self._options.address else "gRPC to threads of the same process",
        }

    def build(self, vectors: FloatArray) -> None:
        schema = MilvusClient.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=self._options.dimension)
        self._client.create_collection(_COLLECTION, schema=schema)
        for start in range(0, len(vectors), _BATCH):
            rows = enumerate(vectors[start : start + _BATCH], start)
            self._client.insert(_COLLECTION, [{"id": row, "embedding": vector} for row, vector in rows])
        self._client.flush(_COLLECTION)
        self._finish_background_work()
        index = MilvusClient.prepare_index_params()
        index.add_index(
            "embedding",
            index_type="HNSW_SQ",
            metric_type="IP",
            params={"M": LINKS, "efConstruction": LINKING_EFFORT, "sq_type": "SQ8"},
        )
        self._client.create_index(_COLLECTION, index)
        self._client.load_collection(_COLLECTION)

    def _finish_background_work(self) -> None:
        """Milvus Lite merges and indexes behind the scenes, tells nothing of it, and searches all vectors
        until it is done. Closing waits for the merges; loading an index that is made afterwards waits for it.
        """
        if not self._options.address:
            self._client.close()
            server_manager_instance.release_server(self._place)
            self._client = MilvusClient(self._place)

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:
        found = self._client.search(
            _COLLECTION,
            [vector],
            anns_field="embedding",
            limit=LIMIT,
            search_params={"metric_type": "IP", "params": {"ef": effort}},
        )
        return [int(hit["id"]) for hit in found[0]]

    def disk_bytes(self) -> int | None:
        return None if self._options.address else folder_bytes(self._options.folder)

    def close(self) -> None:
        if self._options.address:
            self._client.drop_collection(_COLLECTION)
        self._client.close()


def open_peer(options: Options) -> MilvusPeer:
    return MilvusPeer(options)
