"""The gRPC server: threads, not asyncio.

Answering a search is blocking work in native code (FAISS, ONNX Runtime, tantivy, Oxigraph) that leaves the
interpreter lock, so an asyncio server has to hop to a thread and back for each call. That costs it 1.4 times
the server's CPU time: on 2 cores, 376 against 272 microseconds a call at 64 callers, 534 against 366 at one
(`python -m benchmarks.server_model`). On the loop itself it would cost about what threads do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import grpc
import structlog
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from cartograph.v1 import (
    catalog_service_pb2,
    catalog_service_pb2_grpc,
    event_service_pb2,
    event_service_pb2_grpc,
    generation_service_pb2,
    generation_service_pb2_grpc,
    knowledge_graph_service_pb2,
    knowledge_graph_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)
from engine.collection import ONLY
from engine.metrics import Metrics
from engine.rpc.admission import Admission
from engine.rpc.catalog_servicer import CatalogServicer
from engine.rpc.engine_api import SearchEngine
from engine.rpc.event_servicer import EventServicer
from engine.rpc.following import Following
from engine.rpc.gate import Gate
from engine.rpc.generation_servicer import GenerationServicer
from engine.rpc.guard import Guard
from engine.rpc.knowledge_graph_servicer import KnowledgeGraphServicer
from engine.rpc.lifecycle import Lifecycle
from engine.rpc.ports import cannot_listen, why_not
from engine.rpc.receiving import Receiver
from engine.rpc.rooms import Rooms
from engine.rpc.search_servicer import SearchServicer
from engine.rpc.security import Security, credentials_of
from engine.rpc.streaming import Streams
from engine.rpc.tenancy import Collections, current
from engine.rpc.tracing import Tracer
from engine.types import LiveStatus, ServingStatus

MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""Four times a batch of 100 searches with the longest query and filter in ASCII."""
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
FLUSH_SECONDS = 1.0
"""For answers already made to leave the socket; streams that have not ended by themselves end after it."""
FOLLOWERS = 8
REFUSE_SECONDS = 0.25
"""How long new calls are still refused, rather than cut off, after the last one in flight was answered."""

SERVICES = tuple(
    descriptor.full_name
    for module in (
        search_service_pb2,
        catalog_service_pb2,
        event_service_pb2,
        knowledge_graph_service_pb2,
        generation_service_pb2,
    )
    for descriptor in module.DESCRIPTOR.services_by_name.values()
)

_log = structlog.get_logger()


class Server:
    """Listens from `start` on, and answers UNAVAILABLE until `serve` gives it its engines."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        workers: int,
        max_inflight: int,
        metrics: Metrics | None = None,
        own_port: int | None = None,
        security: Security | None = None,
        tracer: Tracer | None = None,
        followers: int = FOLLOWERS,
        collections: Sequence[str] = (ONLY,),
        max_inflight_per_collection: int = 0,
    ) -> None:
        """Binds at once. Port 0 takes any free one. With `own_port`, which may be 0, it listens there as
        well, and other servers may listen on `port`, too (SO_REUSEPORT). Without `security` it lets everybody
        in. So many `followers` may watch changes at a time. It will serve these `collections`; for limits of
        each see `Rooms` and `Streams`. Raises ConfigError when a port cannot be had.
        """
        self.metrics = metrics or Metrics(collections)
        self._security = security or Security()
        self.lifecycle = Lifecycle(SERVICES)
        self._rooms = Rooms(
            collections, workers=workers, most=max_inflight, most_each=max_inflight_per_collection
        )
        self._receiver = Receiver(self._rooms.crowded)
        admission = Admission(
            self._security.access, self._security.audit, Collections(frozenset(collections))
        )
        guard = Guard(self.metrics, admission, self._receiver, tracer)
        self._streams = Streams(self.metrics, admission, self._receiver, followers, collections=collections)
        self._following = {
            name: Following(partial(self.lifecycle.engine, name), self.lifecycle.refusal)
            for name in collections
        }
        self._gate = Gate(self.lifecycle, self._rooms, guard, self._streams)
        self._server = grpc.server(
            self._rooms.pool(collections[0]),  # for calls that were given no other
            interceptors=[self._gate],
            options=(
                # Unless it is meant so, a second server on the same port must not take half of the calls.
                ("grpc.so_reuseport", int(own_port is not None)),
                ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
                ("grpc.max_send_message_length", MAX_RESPONSE_BYTES),
                *self._security.connections.options(),
            ),
        )
        self._add_services()
        self.host = host
        self.port = self._bind(port, shared=own_port is not None)
        self.own_port = None if own_port is None else self._bind(own_port, shared=False)
        self._be_watched()

    def start(self) -> None:
        self._receiver.start()
        self._server.start()

    def serve(self, engines: Mapping[str, SearchEngine]) -> None:
        """All of them, by collection, are open and warm: health turns SERVING."""
        self.lifecycle.serve(engines)

    def drain(self, *, grace: float, timeout: float) -> bool:
        """Turn health NOT_SERVING, take calls for `grace` seconds more, then refuse new ones, end streams and
        let calls in flight finish for `timeout` seconds. Whether all of them did; the rest are cancelled.
        """
        _log.info("draining", inflight=self.inflight())
        self.lifecycle.announce_drain()
        time.sleep(grace)
        self.lifecycle.refuse_calls()
        for following in self._following.values():
            following.wake()
        finished = self._rooms.wait_until_idle(timeout)
        # Callers that just got their answer ask once more: they shall meet our refusal, which is worth a try
        # elsewhere, and not the bare CANCELLED that gRPC gives to calls that reach a closing server.
        time.sleep(min(grace, REFUSE_SECONDS))
        self._server.stop(FLUSH_SECONDS if finished else 0).wait()
        if not finished:
            _log.warning("calls cancelled", inflight=self.inflight(), drain_timeout=timeout)
            self._rooms.wait_until_idle(FLUSH_SECONDS)
        self._rooms.close()
        self._streams.close()
        self._gate.close()
        self._receiver.close()
        return finished

    def inflight(self) -> int:
        """Calls of the engine's services that run or wait for a thread."""
        return self._rooms.inflight()

    def _be_watched(self) -> None:
        metrics, followings = self.metrics, self._following.items()
        metrics.watch_load(self._rooms.running, self._rooms.waiting)
        metrics.watch_followers(
            {name: following.count for name, following in followings},
            {name: following.behind for name, following in followings},
        )
        metrics.watch_generation({name: partial(self._status, name) for name in self._following})
        metrics.watch_live({name: partial(self._live_status, name) for name in self._following})
        metrics.watch_certificate(self._certificate_expires)

    def _status(self, collection: str) -> ServingStatus:
        return self.lifecycle.engine(collection).status()

    def _live_status(self, collection: str) -> LiveStatus:
        return self.lifecycle.engine(collection).live_status()

    def _certificate_expires(self) -> datetime | None:
        certificates = self._security.certificates
        return None if certificates is None else certificates.value.expires

    def _add_services(self) -> None:
        server = self._server

        def engine() -> SearchEngine:
            return self.lifecycle.engine(current())

        def following() -> Following:
            return self._following[current()]

        search_service_pb2_grpc.add_SearchServiceServicer_to_server(
            SearchServicer(engine, self.metrics), server
        )
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(
            CatalogServicer(engine, self.metrics, following), server
        )
        event_service_pb2_grpc.add_EventServiceServicer_to_server(EventServicer(engine, self.metrics), server)
        knowledge_graph_service_pb2_grpc.add_KnowledgeGraphServiceServicer_to_server(
            KnowledgeGraphServicer(engine), server
        )
        generation_service_pb2_grpc.add_GenerationServiceServicer_to_server(
            GenerationServicer(engine, lambda: self._rooms.inflight_of(current())), server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self.lifecycle.health, server)
        if self._security.reflection:
            names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, server)

    def _bind(self, port: int, *, shared: bool) -> int:
        problem = None if shared else why_not(self.host, port)
        if problem is None:
            address = f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"
            certificates = self._security.certificates
            try:
                if certificates is None:
                    bound = self._server.add_insecure_port(address)
                else:
                    bound = self._server.add_secure_port(address, credentials_of(certificates))
            except RuntimeError:  # taken between the check and now
                bound = 0
            if bound:
                return bound
        raise cannot_listen(self.host, port, problem or "the port was taken")
