"""An engine in process that compares all vectors, and drops answers unless the effort is high enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.peers.peer import LIMIT, Kind, Options
from engine.types import FloatArray

ENOUGH = 32


class FakePeer:
    """Fits `Peer`."""

    kind = Kind.IN_PROCESS
    efforts: Sequence[int] = (8, 16, ENOUGH, 64)
    processes: Sequence[int] = ()
    versions: Mapping[str, str] = {"fake": "1"}
    settings: Mapping[str, object] = {"index": "none"}

    def __init__(self, vectors: FloatArray | None = None) -> None:
        self._vectors = vectors
        self.closed = False

    def build(self, vectors: FloatArray) -> None:
        self._vectors = vectors

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:
        assert self._vectors is not None
        best: list[int] = np.argsort(-(self._vectors @ vector))[:LIMIT].tolist()
        return best if effort >= ENOUGH else best[: LIMIT // 2]

    def disk_bytes(self) -> int:
        return 2**20

    def close(self) -> None:
        self.closed = True


def open_peer(_options: Options) -> FakePeer:
    return FakePeer()
