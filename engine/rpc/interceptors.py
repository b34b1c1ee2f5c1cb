"""Around every call: refuse early, number it, turn errors into statuses, log one line, measure."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, TypeAlias

import grpc
import structlog
from structlog.contextvars import bind_contextvars

from engine.errors import EngineError, InvalidArgumentError, OverloadedError
from engine.metrics import Metrics
from engine.rpc.call import PACKAGE_PREFIX, REQUEST_ID, deadline_of, method_name, request_id_of
from engine.rpc.call_pool import CallPool
from engine.rpc.lifecycle import Lifecycle
from engine.rpc.status import INTERNAL_REASON, STATUS_OF, internal_status, status_of

Behaviour: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Handler | None]"

_log = structlog.get_logger()


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


class Gate(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in its stubs, not at run time
    """Decides about a call on gRPC's own thread, before a worker or the request's bytes are touched.

    Refusals, health and reflection are answered by threads beside the workers, so that they come at once
    while every worker is busy, and so are calls that wait for something else. Only the engine's own services
    are counted and refused.
    """

    def __init__(
        self, lifecycle: Lifecycle, pool: CallPool, slow: CallPool, max_inflight: int, guard: Guard
    ) -> None:
        self._lifecycle = lifecycle
        self._pool, self._slow = pool, slow
        self._max_inflight = max_inflight
        self._guard = guard
        self._beside = ThreadPoolExecutor(4, thread_name_prefix="beside")
        self._reflection = ThreadPoolExecutor(4, thread_name_prefix="reflection")

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        if not method.startswith(PACKAGE_PREFIX):
            return self._control(handler)
        refusal = self._refusal()
        if refusal is None:
            if handler.unary_unary is None:
                raise TypeError(f"{method} streams, which Gate does not guard")
            answer = self._guard.answer(method_name(method), handler.unary_unary)
            return _unary(_on(self._slow, answer) if method in _SLOW else answer, handler)
        return _unary(_on(self._beside, self._guard.refuse(method_name(method), refusal)), handler, raw=True)

    def close(self) -> None:
        self._beside.shutdown(wait=False, cancel_futures=True)
        self._reflection.shutdown(wait=False, cancel_futures=True)

    def _refusal(self) -> EngineError | None:
        refusal = self._lifecycle.refusal()
        if refusal is None and self._pool.inflight() + self._slow.inflight() >= self._max_inflight:
            return OverloadedError(
                f"The server is answering {self._max_inflight} calls, as many as it takes; try again in a "
                "moment, with back-off.",
                retry_after=self._pool.backlog_seconds(),
                max_inflight=self._max_inflight,
            )
        return refusal

    def _control(self, handler: Handler) -> Handler:
        if handler.unary_unary is not None:
            return _unary(_on(self._beside, handler.unary_unary), handler)
        if handler.unary_stream is not None:  # health's Watch: gRPC calls it back, it keeps no thread
            return grpc.unary_stream_rpc_method_handler(
                _on(self._beside, handler.unary_stream),
                handler.request_deserializer,
                handler.response_serializer,
            )
        return grpc.stream_stream_rpc_method_handler(  # reflection: keeps a thread while it is open
            _on(self._reflection, handler.stream_stream),
            handler.request_deserializer,
            handler.response_serializer,
        )


class Guard:
    """Nothing but a response or a status with details leaves a guarded method."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def answer(self, method: str, behaviour: Behaviour) -> Behaviour:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            start = perf_counter()
            request_id, trailing = _numbered(context)
            try:
                deadline_of(context).check()
                response = behaviour(request, context)
            except EngineError as error:
                code, status = STATUS_OF[error.code], status_of(error, trailing)
                about = _about(error)
            except Exception:
                # The last line of defence: whatever a bug raises, the caller gets an answer without details.
                _log.exception("call failed", method=method)
                code, status = grpc.StatusCode.INTERNAL, internal_status(request_id, trailing)
                about = {"reason": INTERNAL_REASON}
            else:
                self._finished(method, grpc.StatusCode.OK, start, context, {})
                return response
            self._finished(method, code, start, context, about)
            return context.abort_with_status(status)

        return answer

    def refuse(self, method: str, error: EngineError) -> Behaviour:
        def refuse(_request: bytes, context: grpc.ServicerContext) -> Any:
            _, trailing = _numbered(context)
            code = STATUS_OF[error.code]
            self._metrics.call_refused(method, code.name, error.reason)
            _log.info("call refused", method=method, code=code.name, peer=context.peer(), **_about(error))
            context.abort_with_status(status_of(error, trailing))

        return refuse

    def _finished(
        self,
        method: str,
        code: grpc.StatusCode,
        start: float,
        context: grpc.ServicerContext,
        about: dict[str, str],
    ) -> None:
        seconds = perf_counter() - start
        self._metrics.call_finished(method, code.name, seconds)
        _log.info(
            "call",
            method=method,
            code=code.name,
            duration_ms=round(seconds * 1_000, 3),
            peer=context.peer(),
            **about,
        )


def _numbered(context: grpc.ServicerContext) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The call's request id, bound to its log lines and sent back with its end."""
    request_id = request_id_of(context.invocation_metadata())
    trailing = ((REQUEST_ID, request_id),)
    context.set_trailing_metadata(trailing)
    bind_contextvars(request_id=request_id)
    return request_id, trailing


def _about(error: EngineError) -> dict[str, str]:
    """For the log. An error's sentence may quote the shopper's words, so it is not among them."""
    about = {"reason": error.reason}
    if isinstance(error, InvalidArgumentError):
        about["field"] = error.field
    return about


def _unary(behaviour: Behaviour, handler: Handler, *, raw: bool = False) -> Handler:
    return grpc.unary_unary_rpc_method_handler(
        behaviour,
        request_deserializer=None if raw else handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def _on(pool: ThreadPoolExecutor, behaviour: Any) -> Any:
    """Have gRPC run this behaviour on `pool`; were the attribute to lose its meaning, it would still run."""

    def run(*args: Any) -> Any:
        return behaviour(*args)

    run.__dict__.update(getattr(behaviour, "__dict__", {}))
    run.experimental_thread_pool = pool  # type: ignore[attr-defined]  # functions take any attribute
    return run
