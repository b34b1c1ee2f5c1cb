"""Around every call: refuse early, number it, turn errors into statuses, log one line, measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, Protocol, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError
from structlog.contextvars import bind_contextvars

from engine.errors import EngineError, InvalidArgumentError, OverloadedError, UnauthenticatedError
from engine.metrics import Metrics
from engine.rpc import tracing
from engine.rpc.admission import Admission
from engine.rpc.call import PACKAGE_PREFIX, REQUEST_ID, deadline_of, method_name, request_id_of
from engine.rpc.call_pool import CallPool
from engine.rpc.lifecycle import Lifecycle
from engine.rpc.receiving import Receiver
from engine.rpc.status import INTERNAL_REASON, STATUS_OF, internal_status, status_of
from engine.security.caller import Caller

Behaviour: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Handler | None]"

_log = structlog.get_logger()


_OPEN = "/grpc.health."
_BESIDE = 32
"""Threads, started as they are needed, that answer refusals and health."""
_SLOW = frozenset(
    f"{PACKAGE_PREFIX}v1.{method}"
    for method in (
        "CatalogService/DeleteProducts",
        "CatalogService/PatchProducts",
        "CatalogService/UpsertProducts",
        "GenerationService/ActivateGeneration",
        "GenerationService/RollBackGeneration",
        "KnowledgeGraphService/QueryGraph",
    )
)
"""They wait, for the disk or for another process, and would keep a worker from shoppers meanwhile."""


class Streams(Protocol):
    """Guards calls that are answered by a stream, and has threads for them; see `engine.rpc.streaming`."""

    @property
    def pool(self) -> ThreadPoolExecutor: ...

    def check_room(self) -> None: ...

    def answer(self, method: str, handler: Handler, caller: Caller | None) -> Behaviour: ...


class Gate(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in its stubs, not at run time
    """Decides about a call on gRPC's own thread, before a worker or the request's bytes are touched.

    Refusals, health and reflection are answered by threads beside the workers, so that they come at once
    while every worker is busy, and so are calls that wait for something else. Only the engine's own services
    are counted, streams by themselves, and refused for want of room. Health is open to everybody, since
    balancers hold no keys and it says only whether we serve; what else there is, reflection included, needs a
    key where keys are asked for.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        pool: CallPool,
        slow: CallPool,
        max_inflight: int,
        guard: Guard,
        streams: Streams,
    ) -> None:
        self._lifecycle = lifecycle
        self._pool, self._slow = pool, slow
        self._max_inflight = max_inflight
        self._guard, self._admission = guard, guard.admission
        self._streams = streams
        self._beside = ThreadPoolExecutor(_BESIDE, thread_name_prefix="beside")
        self._reflection = ThreadPoolExecutor(4, thread_name_prefix="reflection")

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        ours, caller = method.startswith(PACKAGE_PREFIX), None
        try:
            if not method.startswith(_OPEN):
                caller = self._admission.identify(handler_call_details)
            if ours:
                self._admission.permit(caller, method)
                self._check_serving()
                if handler.unary_stream is None:
                    self._check_room()
                else:
                    self._streams.check_room()
                self._admission.spend(caller)
        except EngineError as error:
            return _refusing(handler, _on(self._beside, self._guard.refuse(method, error, caller)))
        if not ours:
            return self._control(handler)
        if handler.unary_stream is not None:
            stream = _on(self._streams.pool, self._streams.answer(method, handler, caller))
            return grpc.stream_stream_rpc_method_handler(
                stream, response_serializer=handler.response_serializer
            )
        if handler.unary_unary is None:
            raise TypeError(f"{method} takes a stream, which Gate does not guard")
        answer = self._guard.answer(method, handler, caller)
        return _unary(_on(self._slow, answer) if method in _SLOW else answer, handler)

    def close(self) -> None:
        self._beside.shutdown(wait=False, cancel_futures=True)
        self._reflection.shutdown(wait=False, cancel_futures=True)

    def _check_serving(self) -> None:
        """Raises NotServingError."""
        refusal = self._lifecycle.refusal()
        if refusal is not None:
            raise refusal

    def _check_room(self) -> None:
        """Raises OverloadedError."""
        if self._pool.inflight() + self._slow.inflight() >= self._max_inflight:
            raise OverloadedError(
                f"The server is answering {self._max_inflight} calls, as many as it takes; try again in a "
                "moment, with back-off.",
                retry_after=self._pool.backlog_seconds(),
                max_inflight=self._max_inflight,
            )

    def _control(self, handler: Handler) -> Handler:
        if handler.unary_unary is not None:
            return _unary(_on(self._beside, self._guard.plain(handler.unary_unary, handler)), handler)
        if handler.unary_stream is not None:  # health's Watch: gRPC calls it back, it keeps no thread
            return grpc.stream_stream_rpc_method_handler(
                _on(self._beside, self._guard.plain(handler.unary_stream, handler)),
                response_serializer=handler.response_serializer,
            )
        return grpc.stream_stream_rpc_method_handler(  # reflection: keeps a thread while it is open
            _on(self._reflection, handler.stream_stream),
            handler.request_deserializer,
            handler.response_serializer,
        )


class Guard:
    """Nothing but a response or a status with details leaves a guarded method."""

    def __init__(
        self, metrics: Metrics, admission: Admission, receiver: Receiver, tracer: tracing.Tracer | None
    ) -> None:
        self._metrics = metrics
        self.admission = admission
        self._receiver = receiver
        self._tracer = tracer

    def answer(self, method: str, handler: Handler, caller: Caller | None) -> Behaviour:
        behaviour: Any = handler.unary_unary
        name = method_name(method)

        def answer(messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            request_id, trailing = numbered(context)
            tracing.begin(self._tracer, method, context)
            start = perf_counter()
            try:
                request = self._request(messages, context, handler)
                start = perf_counter()
                self.admission.charge(caller, method, request)
                deadline_of(context).check()
                response = behaviour(request, context)
            except EngineError as error:
                code, status = STATUS_OF[error.code], status_of(error, trailing)
                about = about_error(error)
            except grpc.RpcError:  # the caller went away before its message was here
                tracing.end(grpc.StatusCode.CANCELLED, {})
                raise
            except Exception:
                # The last line of defence: whatever a bug raises, the caller gets an answer without details.
                _log.exception("call failed", method=name)
                code, status = grpc.StatusCode.INTERNAL, internal_status(request_id, trailing)
                about = {"reason": INTERNAL_REASON}
            else:
                self._finished(method, grpc.StatusCode.OK, start, context, caller, {})
                return response
            self._finished(method, code, start, context, caller, about)
            return context.abort_with_status(status)

        return answer

    def plain(self, behaviour: Any, handler: Handler) -> Any:
        """A method that is not ours, given its one message."""

        def plain(messages: Iterator[bytes], context: grpc.ServicerContext, *send: Any) -> Any:
            try:
                request = self._request(messages, context, handler)
            except EngineError as error:
                _, trailing = numbered(context)
                return context.abort_with_status(status_of(error, trailing))
            return behaviour(request, context, *send)

        plain.__dict__.update(getattr(behaviour, "__dict__", {}))
        return plain

    def refuse(self, method: str, error: EngineError, caller: Caller | None) -> Behaviour:
        """The message is not waited for."""

        def refuse(_messages: object, context: grpc.ServicerContext) -> Any:
            _, trailing = numbered(context)
            if not isinstance(error, UnauthenticatedError):  # strangers do not decide what we trace
                tracing.begin(self._tracer, method, context)
            code, name = STATUS_OF[error.code], method_name(method)
            self._metrics.call_refused(name, code.name, error.reason)
            known = {} if caller is None else {"caller": caller.name}
            _log.info(
                "call refused",
                method=name,
                code=code.name,
                peer=context.peer(),
                **known,
                **about_error(error),
            )
            self.admission.record(method, context, caller, code.name, error.reason)
            tracing.end(code, known | about_error(error))
            context.abort_with_status(status_of(error, trailing))

        return refuse

    def _request(self, messages: Iterator[bytes], context: grpc.ServicerContext, handler: Handler) -> Any:
        """Raises InvalidArgumentError for bytes that are no such message, and none at all."""
        raw, deserialise = (
            self._receiver.receive(messages, context),
            cast("Any", handler.request_deserializer),
        )
        try:
            return deserialise(raw)
        except DecodeError:
            raise InvalidArgumentError(
                "request", "The bytes sent are not the message of this call; make them from the contract."
            ) from None

    def _finished(
        self,
        method: str,
        code: grpc.StatusCode,
        start: float,
        context: grpc.ServicerContext,
        caller: Caller | None,
        about: dict[str, str],
    ) -> None:
        seconds, name = perf_counter() - start, method_name(method)
        self._count(name, code.name, seconds)
        known = {} if caller is None else {"caller": caller.name}
        _log.info(
            "call",
            method=name,
            code=code.name,
            duration_ms=round(seconds * 1_000, 3),
            peer=context.peer(),
            **known,
            **about,
        )
        self.admission.record(method, context, caller, code.name, about.get("reason", ""))
        tracing.end(code, known | about)

    def _count(self, name: str, code: str, seconds: float) -> None:
        self._metrics.call_finished(name, code, seconds)


def numbered(context: grpc.ServicerContext) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The call's request id, bound to its log lines and sent back with its end."""
    request_id = request_id_of(context.invocation_metadata())
    trailing = ((REQUEST_ID, request_id),)
    context.set_trailing_metadata(trailing)
    bind_contextvars(request_id=request_id)
    return request_id, trailing


def about_error(error: EngineError) -> dict[str, str]:
    """For the log. An error's sentence may quote the shopper's words, so it is not among them."""
    about = {"reason": error.reason}
    if isinstance(error, InvalidArgumentError):
        about["field"] = error.field
    return about


def _unary(behaviour: Behaviour, handler: Handler) -> Handler:
    """As a stream of requests, so that waiting for the message is up to us; callers see no difference."""
    return grpc.stream_unary_rpc_method_handler(behaviour, response_serializer=handler.response_serializer)


def _refusing(handler: Handler, behaviour: Behaviour) -> Handler:
    if handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(behaviour)
    return grpc.stream_unary_rpc_method_handler(behaviour)


def _on(pool: ThreadPoolExecutor, behaviour: Any) -> Any:
    """Have gRPC run this behaviour on `pool`; were the attribute to lose its meaning, it would still run."""

    def run(*args: Any) -> Any:
        return behaviour(*args)

    run.__dict__.update(getattr(behaviour, "__dict__", {}))
    run.experimental_thread_pool = pool  # type: ignore[attr-defined]  # functions take any attribute
    return run
