"""Spans of calls and their stages, sent to a collector by OTLP over gRPC. The only importer of OpenTelemetry.

The engine measures its stages itself (see `engine.trace`). Spans are made of that when a call has ended, so
that a search does the same whether it is traced or not, and they are sent by a thread of their own; when the
collector is slow or away they are dropped, and no call waits.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter, time_ns
from typing import Self

import grpc
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from engine import __version__
from engine.trace import Trace

_CARRIED = frozenset({"traceparent", "tracestate"})
_FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""The codes that OpenTelemetry calls a server's errors; the others are the caller's."""
_OURS = "cartograph."
_SEND_SECONDS = 3
"""For one batch of spans, other tries included, and so for the last one when the server stops."""


class CallTracer:
    """Begins a span for each call: as the caller's traceparent says, else for a share of them by chance. With
    `words` it may hold what shoppers typed.
    """

    def __init__(self, provider: TracerProvider, *, words: bool) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("cartograph", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._words = words

    @classmethod
    def open(cls, endpoint: str, share: float, *, words: bool) -> Self:
        """`endpoint` is a URL; http is not encrypted. The exporter's own variables count as well
        (OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CERTIFICATE, …). Nobody has to listen there yet.
        """
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            resource=Resource.create(
                {
                    "service.name": "cartograph",
                    "service.version": __version__,
                    "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
                }
            ),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(
            endpoint=endpoint, insecure=endpoint.startswith("http://"), timeout=_SEND_SECONDS
        )
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider, words=words)

    def begin(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> TracedCall | None:
        """Of "/package.Service/Method"; None when it is not sampled."""
        carried = {key: value for key, value in metadata if key in _CARRIED and isinstance(value, str)}
        parent = Context()
        if carried:
            parent = self._propagator.extract(carried, parent)
        name = method.removeprefix("/")
        began_ns, began = time_ns(), perf_counter()
        span = self._tracer.start_span(name, parent, SpanKind.SERVER, start_time=began_ns)
        if not span.is_recording():
            return None
        service, _, short = name.partition("/")
        span.set_attributes({"rpc.system": "grpc", "rpc.service": service, "rpc.method": short})
        return TracedCall(self._tracer, span, began_ns, began, words=self._words)

    def close(self) -> None:
        """Send what waits, for some seconds at most."""
        self._provider.shutdown()


class TracedCall:
    """A call that has begun."""

    def __init__(self, tracer: Tracer, span: Span, began_ns: int, began: float, *, words: bool) -> None:
        """`began_ns` since 1970 and `began` of perf_counter are the same moment."""
        self._tracer, self._span = tracer, span
        self._began_ns, self._began = began_ns, began
        self._words = words

    @property
    def trace_id(self) -> str:
        return format_trace_id(self._span.get_span_context().trace_id)

    def asked(self, words: Mapping[str, object]) -> None:
        if self._words:
            self._span.set_attributes({f"{_OURS}{key}": _plain(value) for key, value in words.items()})

    def end(self, code: grpc.StatusCode, facts: Mapping[str, object], searches: Sequence[Trace]) -> None:
        self._add_stages(searches)
        number: int = code.value[0]
        self._span.set_attribute("rpc.grpc.status_code", number)
        self._span.set_attributes(
            {f"{_OURS}{key}": _plain(value) for key, value in facts.items() if key != "trace_id"}
        )
        degraded = {each.stage.value for search in searches for each in search.degraded}
        if degraded:
            self._span.set_attribute(f"{_OURS}degraded", sorted(degraded))
        if code in _FAULTS:
            self._span.set_attribute("error.type", code.name)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end(self._ns(perf_counter()))

    def _add_stages(self, searches: Sequence[Trace]) -> None:
        """Beside one another below the call, though encoding lies within retrieving: see their times."""
        context = set_span_in_context(self._span, Context())
        for number, search in enumerate(searches):
            details = {each.stage: each.detail for each in search.degraded}
            for stage, start, end in search.spans:
                about: dict[str, str | int] = {f"{_OURS}search": number} if len(searches) > 1 else {}
                if stage in details:
                    about[f"{_OURS}degraded"] = details[stage]
                span = self._tracer.start_span(
                    stage.value, context, attributes=about, start_time=self._ns(start)
                )
                span.end(self._ns(end))

    def _ns(self, moment: float) -> int:
        return self._began_ns + round((moment - self._began) * 1e9)


def _plain(value: object) -> str | int | float | bool | Sequence[str]:
    """As attributes may be."""
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Sequence):
        return [str(each) for each in value]
    return str(value)
