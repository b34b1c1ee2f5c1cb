"""Inside every call: its message is received, errors become statuses, one line is logged, it is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError
from structlog.contextvars import bind_contextvars

from engine.errors import EngineError, InvalidArgumentError, UnauthenticatedError
from engine.metrics import Metrics
from engine.rpc import tracing
from engine.rpc.admission import Admission
from engine.rpc.call import REQUEST_ID, deadline_of, method_name, request_id_of
from engine.rpc.receiving import Receiver
from engine.rpc.status import INTERNAL_REASON, STATUS_OF, internal_status, status_of
from engine.rpc.tenancy import current
from engine.security.caller import Caller

Behaviour: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_log = structlog.get_logger()


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
            self._metrics.call_refused(name, code.name, error.reason, current())
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
        self._metrics.call_finished(name, code, seconds, current())


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
