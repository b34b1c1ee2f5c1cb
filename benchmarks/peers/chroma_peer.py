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
    """Fits `Peer`. Its effort is a setting of the collection, not of a search: changed when it differs."""

    kind = Kind.SERVER
    efforts = EFFORTS

    def __init__(self, options: Options) -> None:
        self._options = options
        self._server: ServerProcess | None = None
        host, _, port = (options.address or f"127.0.0.1:{free_port()}").partition(":")
        if not options.address:
            command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", host, "--port", port]
            command += ["--path", str(options.folder / "data")]
            self._server = ServerProcess(command, options.folder / "log")
        self._client: Any = self._connected(host, int(port))
        self._collection: Any = None
        self._effort = EFFORTS[0]
        self._changing = threading.Lock()

    def _connected(self, host: str, port: int) -> Any:
        def ask() -> Any:
            return chromadb.HttpClient(host, port, settings=Settings(anonymized_telemetry=False))

        if self._server is not None:
            self._server.wait_for(ask, Exception)  # it says in many ways that nobody listens yet
        return ask()

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
        return () if self._server is None else (self._server.id,)

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
            with self._changing:
                self._collection.modify(configuration={"hnsw": {"ef_search": effort}})
                self._effort = effort
        found = self._collection.query(query_embeddings=[vector], n_results=LIMIT, include=[])
        return [int(one) for one in found["ids"][0]]

    def disk_bytes(self) -> int | None:
        return folder_bytes(self._options.folder / "data") if self._server is not None else None

    def close(self) -> None:
        if self._server is not None:
            self._server.stop(signal.SIGTERM)
        elif self._collection is not None:
            self._client.delete_collection(_COLLECTION)


def open_peer(options: Options) -> ChromaPeer:
    return ChromaPeer(options)
