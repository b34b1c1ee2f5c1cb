"""Calls as spans. Who makes them is not known here (see `engine.telemetry`), and mostly nobody does.

A call's span is kept in the context that gRPC gives each call, and so are the traces of its searches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Protocol

import grpc
import structlog
from structlog.contextvars import bind_contextvars, get_contextvars

from engine.trace import TRACES, Trace

_log = structlog.get_logger()


class CallSpan(Protocol):
    """Of a call that is traced."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        ...

    def asked(self, words: Mapping[str, object]) -> None:
        """What shoppers typed: kept only where the log may hold it, too."""
        ...

    def end(self, code: grpc.StatusCode, facts: Mapping[str, object], searches: Sequence[Trace]) -> None:
        """`facts` are what the call's log line says of it."""
        ...


class Tracer(Protocol):
    """Safe to use from many threads."""

    def begin(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> CallSpan | None:
        """Of a call to "/package.Service/Method", as its caller's traceparent says; None when it is not
        sampled.
        """
        ...


_SPAN: ContextVar[CallSpan | None] = ContextVar("_SPAN", default=None)


def begin(tracer: Tracer | None, method: str, context: grpc.ServicerContext) -> None:
    """Trace this call, if it is to be, and put the trace's id into its log lines."""
    span = None if tracer is None else tracer.begin(method, context.invocation_metadata())
    if span is not None:
        _SPAN.set(span)
        TRACES.set([])
        bind_contextvars(trace_id=span.trace_id)


def asked(event: str, **words: object) -> None:
    """What a shopper typed, for the log at the level debug, and for the span where that is allowed."""
    _log.debug(event, **words)
    span = _SPAN.get()
    if span is not None:
        span.asked(words)


def end(code: grpc.StatusCode, about: Mapping[str, object]) -> None:
    """The call ends with this code; `about` joins what is bound to its log lines."""
    span = _SPAN.get()
    if span is not None:
        span.end(code, {**get_contextvars(), **about}, TRACES.get() or ())
        _SPAN.set(None)
        TRACES.set(None)  # they know the call, whose context this is: a ring that would outlive it
