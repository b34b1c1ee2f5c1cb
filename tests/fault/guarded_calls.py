"""A server's methods without its socket: bytes in, an answer or a status out, in the caller's thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from time import monotonic
from typing import Any, Never

import grpc
import structlog
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import Default
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from cartograph.v1 import (
    catalog_service_pb2_grpc,
    event_service_pb2_grpc,
    generation_service_pb2_grpc,
    knowledge_graph_service_pb2_grpc,
    search_service_pb2_grpc,
)
from engine.metrics import Metrics
from engine.rpc.admission import Admission
from engine.rpc.catalog_servicer import CatalogServicer
from engine.rpc.engine_api import SearchEngine
from engine.rpc.event_servicer import EventServicer
from engine.rpc.following import Following
from engine.rpc.generation_servicer import GenerationServicer
from engine.rpc.guard import Guard, Handler
from engine.rpc.knowledge_graph_servicer import KnowledgeGraphServicer
from engine.rpc.receiving import Receiver
from engine.rpc.search_servicer import SearchServicer
from engine.rpc.server import SERVICES
from engine.rpc.streaming import Streams
from engine.security.audit import AuditLog

DETAILS = "grpc-status-details-bin"
UNTYPED = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


def methods() -> Mapping[str, MethodDescriptor]:
    """Every method of the contract, by gRPC's path."""
    services = [Default().FindServiceByName(name) for name in SERVICES]
    return {f"/{each.full_name}/{method.name}": method for each in services for method in each.methods}


class AbortedError(Exception):
    def __init__(self, status: grpc.Status) -> None:
        super().__init__(status)
        self.status = status


class CallContext:
    """What the guard and the servicers ask of gRPC."""

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds

    def invocation_metadata(self) -> Iterable[tuple[str, str]]:
        return ()

    def set_trailing_metadata(self, _metadata: object) -> None:
        return

    def time_remaining(self) -> float:
        return self._until - monotonic()

    def is_active(self) -> bool:
        return True

    def peer(self) -> str:
        return "nobody"

    def auth_context(self) -> Mapping[str, Any]:
        return {}

    def add_callback(self, _callback: object) -> bool:
        return True

    def abort_with_status(self, status: grpc.Status) -> Never:
        raise AbortedError(status)


class GuardedCalls:
    """All services over one engine. Nothing is logged."""

    def __init__(self, engine: SearchEngine, *, seconds: float = 2.0) -> None:
        """Each call has so many seconds."""
        structlog.configure(processors=[_drop])
        self.handlers: dict[str, Handler] = {}
        metrics, receiver = Metrics(), Receiver(lambda: False)
        admission = Admission(None, AuditLog())
        self._seconds = seconds
        self._guard = Guard(metrics, admission, receiver, None)
        self._streams = Streams(metrics, admission, receiver, 1)
        server: Any = self  # of a gRPC server, registering is all that is asked
        following = Following(lambda: engine, lambda: None)
        search_service_pb2_grpc.add_SearchServiceServicer_to_server(
            SearchServicer(lambda: engine, metrics), server
        )
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(
            CatalogServicer(lambda: engine, metrics, lambda: following), server
        )
        event_service_pb2_grpc.add_EventServiceServicer_to_server(
            EventServicer(lambda: engine, metrics), server
        )
        knowledge_graph_service_pb2_grpc.add_KnowledgeGraphServiceServicer_to_server(
            KnowledgeGraphServicer(lambda: engine), server
        )
        generation_service_pb2_grpc.add_GenerationServiceServicer_to_server(
            GenerationServicer(lambda: engine, lambda: 0), server
        )

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        return

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        self.handlers |= {f"/{service}/{name}": handler for name, handler in handlers.items()}

    def send(self, method: str, message: bytes) -> grpc.Status | None:
        """The status of a refusal; None where there was an answer, of a stream the first."""
        handler: Any = self.handlers[method]
        stream = handler.unary_stream is not None
        guard = self._streams if stream else self._guard
        context: Any = CallContext(self._seconds)
        try:
            answer = guard.answer(method, handler, None)(iter([message]), context)
            handler.response_serializer(_first(answer) if stream else answer)
        except AbortedError as aborted:
            return aborted.status
        return None

    def send_unguarded(self, method: str, message: bytes) -> None:
        """Raises whatever the method does."""
        handler: Any = self.handlers[method]
        behaviour: Any = handler.unary_unary or (lambda *given: _first(handler.unary_stream(*given)))
        behaviour(handler.request_deserializer(message), CallContext(self._seconds))


def _drop(*_event: object) -> Never:
    raise structlog.DropEvent


def _first(answers: Iterator[Any]) -> Any:
    with closing(answers):  # type: ignore[type-var]  # a generator, as servicers make them
        return next(answers)


def reason_of(status: grpc.Status) -> str:
    """That of its one ErrorInfo."""
    packed = Status.FromString(dict(status.trailing_metadata)[DETAILS])
    infos = [detail for detail in packed.details if detail.Is(ErrorInfo.DESCRIPTOR)]
    assert len(infos) == 1, packed
    info = ErrorInfo()
    infos[0].Unpack(info)
    assert packed.message
    return str(info.reason)
