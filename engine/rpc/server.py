"""The gRPC server: threads, not asyncio.

Answering a search is blocking work in native code (FAISS, ONNX Runtime, tantivy, Oxigraph) that leaves the
interpreter lock, so an asyncio server has to hop to a thread and back for each call. That costs it 1.4 times
the server's CPU time: on 2 cores, 376 against 272 microseconds a call at 64 callers, 534 against 366 at one
(`python -m benchmarks.server_model`). On the loop itself it would cost about what threads do.
"""

from __future__ import annotations

import time
from datetime import datetime

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
from engine.metrics import Metrics
from engine.rpc.admission import Admission
from engine.rpc.call_pool import CallPool
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
from engine.rpc.search_servicer import SearchServicer
from engine.rpc.security import Security, credentials_of
from engine.rpc.streaming import Streams
from engine.rpc.tracing import Tracer

MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""Four times a batch of 100 searches with the longest query and filter in ASCII."""
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
FLUSH_SECONDS = 1.0
"""For answers already made to leave the socket; streams that have not ended by themselves end after it."""
SLOW_WORKERS = 8
"""Threads of calls that wait for something other than a core, beside the workers."""
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
    """Listens from `start` on, and answers UNAVAILABLE until `serve` gives it an engine."""

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
    ) -> None:
        """Binds at once. Port 0 takes any free one. With `own_port`, which may be 0, it listens there as
        well, and other servers may listen on `port`, too (SO_REUSEPORT). Without `security` it lets everybody
        in. So many `followers` may watch changes at a time. Raises ConfigError when a port cannot be had.
        """
        self.metrics = metrics or Metrics()
        self._security = security or Security()
        self.lifecycle = Lifecycle(SERVICES)
        self._pool, self._slow = CallPool(workers), CallPool(SLOW_WORKERS)
        self._receiver = Receiver(lambda: self._pool.waiting() + self._slow.waiting() > 0)
        admission = Admission(self._security.access, self._security.audit)
        guard = Guard(self.metrics, admission, self._receiver, tracer)
        self._streams = Streams(self.metrics, admission, self._receiver, followers)
        self._following = Following(self.lifecycle.engine, self.lifecycle.refusal)
        self._gate = Gate(self.lifecycle, self._pool, self._slow, max_inflight, guard, self._streams)
        self._server = grpc.server(
            self._pool,
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
        self.metrics.watch_load(self._pool.running, self._pool.waiting)
        self.metrics.watch_followers(self._following.count, self._following.behind)
        self.metrics.watch_generation(lambda: self.lifecycle.engine().status())
        self.metrics.watch_live(lambda: self.lifecycle.engine().live_status())
        self.metrics.watch_certificate(self._certificate_expires)

    def start(self) -> None:
        self._receiver.start()
        self._server.start()

    def serve(self, engine: SearchEngine) -> None:
        """The engine is open and warm: health turns SERVING."""
        self.lifecycle.serve(engine)

    def drain(self, *, grace: float, timeout: float) -> bool:
        """Turn health NOT_SERVING, take calls for `grace` seconds more, then refuse new ones, end streams and
        let calls in flight finish for `timeout` seconds. Whether all of them did; the rest are cancelled.
        """
        _log.info("draining", inflight=self.inflight())
        self.lifecycle.announce_drain()
        time.sleep(grace)
        self.lifecycle.refuse_calls()
        self._following.wake()
        finished = self._wait_until_idle(timeout)
        # Callers that just got their answer ask once more: they shall meet our refusal, which is worth a try
        # elsewhere, and not the bare CANCELLED that gRPC gives to calls that reach a closing server.
        time.sleep(min(grace, REFUSE_SECONDS))
        self._server.stop(FLUSH_SECONDS if finished else 0).wait()
        if not finished:
            _log.warning("calls cancelled", inflight=self.inflight(), drain_timeout=timeout)
            self._wait_until_idle(FLUSH_SECONDS)
        for pool in (self._pool, self._slow, self._streams.pool):
            pool.shutdown(wait=False, cancel_futures=True)
        self._gate.close()
        self._receiver.close()
        return finished

    def inflight(self) -> int:
        """Calls of the engine's services that run or wait for a thread."""
        return self._pool.inflight() + self._slow.inflight()

    def _wait_until_idle(self, timeout: float) -> bool:
        end = time.monotonic() + timeout
        return self._pool.wait_until_idle(timeout) and self._slow.wait_until_idle(
            max(0.0, end - time.monotonic())
        )

    def _certificate_expires(self) -> datetime | None:
        certificates = self._security.certificates
        return None if certificates is None else certificates.value.expires

    def _add_services(self) -> None:
        engine, server = self.lifecycle.engine, self._server
        search_service_pb2_grpc.add_SearchServiceServicer_to_server(
            SearchServicer(engine, self.metrics), server
        )
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(
            CatalogServicer(engine, self.metrics, self._following), server
        )
        event_service_pb2_grpc.add_EventServiceServicer_to_server(EventServicer(engine, self.metrics), server)
        knowledge_graph_service_pb2_grpc.add_KnowledgeGraphServiceServicer_to_server(
            KnowledgeGraphServicer(engine), server
        )
        generation_service_pb2_grpc.add_GenerationServiceServicer_to_server(
            GenerationServicer(engine, self.inflight), server
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
