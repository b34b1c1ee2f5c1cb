"""EventService."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from structlog.contextvars import bind_contextvars

from cartograph.v1 import event_service_pb2, event_service_pb2_grpc
from engine.metrics import Metrics
from engine.rpc.call import deadline_of
from engine.rpc.convert import events
from engine.rpc.engine_api import SearchEngine
from engine.rpc.tenancy import current


class EventServicer(event_service_pb2_grpc.EventServiceServicer):
    """Log lines count events and say nothing of them."""

    def __init__(self, engine: Callable[[], SearchEngine], metrics: Metrics) -> None:
        """`engine` raises NotServingError while there is none."""
        self._engine = engine
        self._metrics = metrics

    def RecordEvents(  # noqa: N802 (the contract's name)
        self, request: event_service_pb2.RecordEventsRequest, context: grpc.ServicerContext
    ) -> event_service_pb2.RecordEventsResponse:
        outcomes = self._engine().events.record(events.given(request), deadline_of(context))
        self._metrics.events_finished(outcomes, current())
        refused = sum(1 for outcome in outcomes if outcome.reason)
        bind_contextvars(events=len(outcomes) - refused, refused=refused)
        return event_service_pb2.RecordEventsResponse(outcomes=map(events.outcome, outcomes))

    def ForgetShopper(  # noqa: N802 (the contract's name)
        self,
        request: event_service_pb2.ForgetShopperRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> event_service_pb2.ForgetShopperResponse:
        forgotten = self._engine().events.forget(events.shopper_id(request))
        self._metrics.shopper_forgotten(forgotten.erased, current())
        bind_contextvars(events=forgotten.erased)
        return events.forgotten(forgotten)
