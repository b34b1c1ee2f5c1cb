"""qdrant-client's local mode, in this process. It compares every vector (brute force): exact, without effort.

The Qdrant server has HNSW and is another program; this says nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from qdrant_client import QdrantClient, models

from benchmarks.peers.peer import LIMIT, Kind, Options
from engine.types import FloatArray

_COLLECTION = "items"
_BATCH = 1_000


class QdrantPeer:
    """Fits `Peer`."""

    kind = Kind.IN_PROCESS
    efforts = (0,)
    processes: Sequence[int] = ()

    def __init__(self, options: Options) -> None:
        self._size = options.dimension
        # Kept in a folder instead, it commits every row by itself: 33 s for 3,000 vectors.
        self._client: Any = QdrantClient(":memory:")

    @property
    def versions(self) -> Mapping[str, str]:
        return {"qdrant-client": version("qdrant-client")}

    @property
    def settings(self) -> Mapping[str, object]:
        return {"index": "none: brute force over float32 (local mode, in memory)", "distance": "Dot"}

    def build(self, vectors: FloatArray) -> None:
        size = models.VectorParams(size=self._size, distance=models.Distance.DOT)
        self._client.create_collection(_COLLECTION, vectors_config=size)
        for start in range(0, len(vectors), _BATCH):
            part = vectors[start : start + _BATCH]
            ids = list(range(start, start + len(part)))
            self._client.upsert(_COLLECTION, models.Batch(ids=ids, vectors=part.tolist()))

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:  # noqa: ARG002 - it has none
        found = self._client.query_points(_COLLECTION, query=vector, limit=LIMIT, with_payload=False)
        return [int(point.id) for point in found.points]

    def disk_bytes(self) -> None:
        return None

    def close(self) -> None:
        self._client.close()


def open_peer(options: Options) -> QdrantPeer:
    return QdrantPeer(options)
