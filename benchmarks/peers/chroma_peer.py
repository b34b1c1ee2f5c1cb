"""Chroma as a server of its own (`chroma run`), asked over HTTP."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings

from benchmarks.peers.peer import EFFORTS, LIMIT, LINKING_EFFORT, LINKS, Kind, Options, folder_bytes
from benchmarks.peers.process import ServerProcess, free_port
from engine.types import FloatArray

_COLLECTION = "cartograph-peers"


class ChromaPeer:
    """Fits `Peer`. The effort belongs to the collection, and a server reads it when it opens the index
    (changing it later is told back, and ignored by searches): another effort starts the server again.
    """

    kind = Kind.SERVER
    efforts = EFFORTS

    def __init__(self, options: Options) -> None:
        self._options = options
        self._effort = EFFORTS[0]
        self._changing = threading.Lock()
        self._collection: Any = None
        self._start()

    def _start(self) -> None:
        port = free_port()
        command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--path", str(self._options.folder / "data")]
        self._server = ServerProcess(command, self._options.folder / "log")

        def connect() -> Any:
            return chromadb.HttpClient("127.0.0.1", port, settings=Settings(anonymized_telemetry=False))

        self._server.wait_for(connect, Exception)  # it says in many ways that nobody listens yet
        self._client: Any = connect()

    @property
    def versions(self) -> Mapping[str, str]:
        return {"chroma server": self._client.get_version(), "chromadb": version("chromadb")}

    @property
    def settings(self) -> Mapping[str, object]:
        return {"index": "HNSW of float32", "protocol": "HTTP", **self._index_settings()}

    def _index_settings(self) -> dict[str, Any]:
        return {
            "space": "ip",
            "max_neighbors": LINKS,
            "ef_construction": LINKING_EFFORT,
            "num_threads": self._options.threads,
        }

    @property
    def processes(self) -> Sequence[int]:
        return (self._server.id,)

    def build(self, vectors: FloatArray) -> None:
        self._collection = self._client.create_collection(
            _COLLECTION,
            configuration={"hnsw": {**self._index_settings(), "ef_search": self._effort}},
            embedding_function=None,
        )
        step = int(self._client.get_max_batch_size())
        for start in range(0, len(vectors), step):
            rows = range(start, min(start + step, len(vectors)))
            self._collection.add(ids=[str(row) for row in rows], embeddings=vectors[start : rows.stop])
        # Additions are indexed behind the scenes; the first search waits for those that are left.
        self.search(vectors[0], self._effort)

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:
        if effort != self._effort:
            self._change(effort)
        found = self._collection.query(query_embeddings=[vector], n_results=LIMIT, include=[])
        return [int(one) for one in found["ids"][0]]

    def _change(self, effort: int) -> None:
        with self._changing:
            if effort == self._effort:
                return
            self._collection.modify(configuration={"hnsw": {"ef_search": effort}})
            self._server.stop(signal.SIGTERM)
            self._start()
            self._collection = self._client.get_collection(_COLLECTION)
            self._effort = effort

    def disk_bytes(self) -> int:
        return folder_bytes(self._options.folder / "data")

    def close(self) -> None:
        self._server.stop(signal.SIGTERM)


def open_peer(options: Options) -> ChromaPeer:
    return ChromaPeer(options)
