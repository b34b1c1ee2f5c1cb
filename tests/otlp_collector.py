"""A collector of traces on a real socket: what is sent to it by OTLP over gRPC is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

Value = str | bool | int | float | list[object] | None


@dataclass(frozen=True)
class Received:
    """A span; ids are hexadecimal, `parent` is empty of a root, times are seconds since 1970. `made_by` are
    the attributes of the process.
    """

    name: str
    trace: str
    id: str
    parent: str
    start: float
    end: float
    server: bool
    failed: bool
    about: Mapping[str, Value]
    made_by: Mapping[str, Value]

    @classmethod
    def of(cls, span: Span, made_by: Mapping[str, Value]) -> Received:
        return cls(
            span.name,
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.start_time_unix_nano / 1e9,
            span.end_time_unix_nano / 1e9,
            span.kind == Span.SPAN_KIND_SERVER,
            span.status.code == Status.STATUS_CODE_ERROR,
            _read(span.attributes),
            made_by,
        )


class Collector(service_grpc.TraceServiceServicer):
    def __init__(self, *, tls: bool) -> None:
        self.spans: list[Received] = []
        self.port = 0
        self._scheme = "https" if tls else "http"
        self._news = threading.Condition()

    @property
    def endpoint(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def Export(  # noqa: N802 (the contract's name)
        self, request: service.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> service.ExportTraceServiceResponse:
        with self._news:
            for sent in request.resource_spans:
                made_by = _read(sent.resource.attributes)
                self.spans += [
                    Received.of(span, made_by) for scope in sent.scope_spans for span in scope.spans
                ]
            self._news.notify_all()
        return service.ExportTraceServiceResponse()

    def wait_for(self, wanted: Callable[[Received], bool], seconds: float) -> Received:
        """The first such span, as soon as it is here."""
        until = time.monotonic() + seconds
        with self._news:
            while True:
                found = next((span for span in self.spans if wanted(span)), None)
                if found is not None:
                    return found
                assert self._news.wait(until - time.monotonic()), [span.name for span in self.spans]

    def below(self, parent: Received) -> list[Received]:
        """In the order in which they began."""
        found = [span for span in self.spans if span.parent == parent.id]
        return sorted(found, key=lambda span: span.start)


@contextmanager
def collecting(credentials: grpc.ServerCredentials | None = None) -> Iterator[Collector]:
    """With `credentials`, only over TLS."""
    collector = Collector(tls=credentials is not None)
    server = grpc.server(ThreadPoolExecutor(2))
    service_grpc.add_TraceServiceServicer_to_server(collector, server)
    if credentials is None:
        collector.port = server.add_insecure_port("127.0.0.1:0")
    else:
        collector.port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()


def _read(attributes: Iterable[KeyValue]) -> dict[str, Value]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    found: Value = getattr(value, kind) if kind else None
    return found
