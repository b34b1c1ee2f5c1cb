"""Cartograph's own server, with a process for each core, asked by vector over gRPC."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

import engine
from benchmarks.machine import machine
from benchmarks.made_up_generation import make_generation
from benchmarks.peers.peer import LIMIT, Kind, NotInstalledError, Options, folder_bytes
from benchmarks.server import connections, running_process
from cartograph.v1 import product_pb2, search_service_pb2, search_service_pb2_grpc
from engine.backends.vector_index import FaissVectorIndex
from engine.generation import DataFolder, Generation
from engine.types import FloatArray

_START_SECONDS = 600.0


class CartographPeer:
    """Fits `Peer`. The effort is chosen when the index is built, so that a search cannot name one."""

    kind = Kind.SERVER
    efforts = (0,)

    def __init__(self, options: Options) -> None:
        self._options = options
        self._stack = ExitStack()
        self._threads = threading.local()
        self._flags = ("--processes", str(os.cpu_count() or 1))
        self._generation: Generation | None = None
        self._processes: tuple[int, ...] = ()
        self._address = ""

    @property
    def versions(self) -> Mapping[str, str]:
        told = machine()
        return {"cartograph": engine.__version__, "faiss": told["faiss-cpu"], "grpcio": told["grpcio"]}

    @property
    def settings(self) -> Mapping[str, object]:
        part = self._generation.part("vectors") if self._generation else None
        layout = FaissVectorIndex.open(part, device="cpu").layout if part else None
        index = f"{layout.kind} of {layout.storage}, effort {layout.effort_at_10}" if layout else ""
        return {"index": index, "protocol": "gRPC", "flags": " ".join(self._flags)}

    @property
    def processes(self) -> Sequence[int]:
        return self._processes

    def build(self, vectors: FloatArray) -> None:
        self._generation, data = self._shop(vectors)
        server = self._stack.enter_context(running_process(data, *self._flags, start_seconds=_START_SECONDS))
        self._address, self._processes = server.address, (server.pid,)

    def _shop(self, vectors: FloatArray) -> tuple[Generation, Path]:
        made = Path(self._options.shops) / str(len(vectors))
        if self._options.shops and made.exists():
            generation = DataFolder.open(made).open_active(verify=False)
            first = FaissVectorIndex.open(generation.part("vectors"), device="cpu").vectors(np.array([0]))[0]
            if not np.allclose(first, vectors[0], atol=0.02):
                raise ValueError(
                    f"The shop in {made} has other vectors; give the seed that it was made with."
                )
            return generation, made
        models = DataFolder.open(Path(self._options.models)).open_active(verify=False)
        data = self._options.folder / "data"
        shop = make_generation(
            len(vectors),
            models,
            data,
            seed=self._options.seed,
            threads=self._options.threads,
            tell=lambda _part: None,
            vectors=vectors,
        )
        return shop.generation, data

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:  # noqa: ARG002 - it has none
        request = search_service_pb2.SearchByVectorRequest(
            vector=vector, page_size=LIMIT, view=product_pb2.PRODUCT_VIEW_ID
        )
        return [int(result.product.id[1:]) for result in self._stub().SearchByVector(request).results]

    def _stub(self) -> search_service_pb2_grpc.SearchServiceStub:
        """This thread's own."""
        held: search_service_pb2_grpc.SearchServiceStub | None = getattr(self._threads, "stub", None)
        if held is None:
            [channel] = self._stack.enter_context(connections(self._address, 1))
            held = self._threads.stub = search_service_pb2_grpc.SearchServiceStub(channel)
        return held

    def disk_bytes(self) -> int | None:
        return folder_bytes(self._generation.part("vectors")) if self._generation else None

    def close(self) -> None:
        self._stack.close()


def open_peer(options: Options) -> CartographPeer:
    """`Options.models` has to name a data folder."""
    if not options.models:
        raise NotInstalledError("not measured: give --data, a data folder with the models of a shop")
    return CartographPeer(options)
