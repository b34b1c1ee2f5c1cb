"""Before every call: who it is from, whether there is room, and which threads answer it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias

import grpc

from engine.collection import ONLY
from engine.errors import EngineError
from engine.rpc.call import PACKAGE_PREFIX
from engine.rpc.guard import Behaviour, Guard, Handler
from engine.rpc.lifecycle import Lifecycle
from engine.rpc.rooms import Rooms
from engine.security.caller import Caller

Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Handler | None]"

_OPEN = "/grpc.health."
_BESIDE = 32
"""Threads, started as they are needed, that answer refusals and health."""
_SLOW = frozenset(
    f"{PACKAGE_PREFIX}v1.{method}"
    for method in (
        "CatalogService/DeleteProducts",
        "CatalogService/PatchProducts",
        "CatalogService/UpsertProducts",
        "EventService/ForgetShopper",
        "EventService/RecordEvents",
        "GenerationService/ActivateGeneration",
        "GenerationService/RollBackGeneration",
        "KnowledgeGraphService/QueryGraph",
    )
)
"""They wait, for the disk or for another process, and would keep a worker from shoppers meanwhile."""


class Streams(Protocol):
    """Guards calls that are answered by a stream, and has threads for them; see `engine.rpc.streaming`."""

    def pool(self, collection: str) -> ThreadPoolExecutor: ...

    def check_room(self, collection: str) -> None: ...

    def answer(self, method: str, handler: Handler, caller: Caller | None) -> Behaviour: ...


class Gate(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in its stubs, not at run time
    """Decides about a call on gRPC's own thread, before a worker or the request's bytes are touched.

    Refusals, health and reflection are answered by threads beside the workers, so that they come at once
    while every worker is busy, and so are calls that wait for something else. Only the engine's own services
    are counted, streams by themselves, and refused for want of room. Health is open to everybody, since
    balancers hold no keys and it says only whether we serve; what else there is, reflection included, needs a
    key where keys are asked for.
    """

    def __init__(self, lifecycle: Lifecycle, rooms: Rooms, guard: Guard, streams: Streams) -> None:
        self._lifecycle = lifecycle
        self._rooms = rooms
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
        ours, caller, collection = method.startswith(PACKAGE_PREFIX), None, ONLY
        try:
            if not method.startswith(_OPEN):
                caller = self._admission.identify(handler_call_details)
            if ours:
                collection = self._admission.choose(caller, handler_call_details)
                self._admission.permit(caller, method)
                self._check_serving()
                if handler.unary_stream is None:
                    self._rooms.check(collection)
                else:
                    self._streams.check_room(collection)
                self._admission.spend(caller)
        except EngineError as error:
            return _refusing(handler, _on(self._beside, self._guard.refuse(method, error, caller)))
        if not ours:
            return self._control(handler)
        if handler.unary_stream is not None:
            stream = _on(self._streams.pool(collection), self._streams.answer(method, handler, caller))
            return grpc.stream_stream_rpc_method_handler(
                stream, response_serializer=handler.response_serializer
            )
        if handler.unary_unary is None:
            raise TypeError(f"{method} takes a stream, which Gate does not guard")
        answer = self._guard.answer(method, handler, caller)
        return _unary(_on(self._rooms.pool(collection, slow=method in _SLOW), answer), handler)

    def close(self) -> None:
        self._beside.shutdown(wait=False, cancel_futures=True)
        self._reflection.shutdown(wait=False, cancel_futures=True)

    def _check_serving(self) -> None:
        """Raises NotServingError."""
        refusal = self._lifecycle.refusal()
        if refusal is not None:
            raise refusal

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
