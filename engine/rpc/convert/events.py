"""Reads what shoppers did, and writes what became of it."""

from __future__ import annotations

from pathlib import Path

from cartograph.v1 import event_service_pb2
from engine.events.checks import MAX_EVENTS, check_shopper_id
from engine.rpc.convert.bounds import size
from engine.rpc.convert.generations import timestamp
from engine.shopper_events import EventOutcome, ForgottenShopper, ShopperEvent


def given(message: event_service_pb2.RecordEventsRequest) -> list[ShopperEvent]:
    """Unchecked, but for their number: each is taken or refused by itself. Raises InvalidArgumentError."""
    size("events", len(message.events), most=MAX_EVENTS)
    return [_event(each) for each in message.events]


def shopper_id(message: event_service_pb2.ForgetShopperRequest) -> str:
    """Raises InvalidArgumentError."""
    return check_shopper_id(message.shopper_id)


def outcome(value: EventOutcome) -> event_service_pb2.EventOutcome:
    return event_service_pb2.EventOutcome(
        event_id=value.event_id,
        repeated_event=value.repeated,
        reason=value.reason,
        field=value.field,
        message=value.message,
    )


def forgotten(value: ForgottenShopper) -> event_service_pb2.ForgetShopperResponse:
    return event_service_pb2.ForgetShopperResponse(
        erased_event_count=value.erased,
        generation_ids=value.generation_ids,
        backups=[
            event_service_pb2.BackupHolding(
                place=each.place,
                create_time=timestamp(each.created),
                event_count=each.event_count,
                present=_is_there(each.place),
            )
            for each in value.backups
        ],
    )


def _is_there(place: str) -> bool:
    try:
        return Path(place).exists()
    except OSError:  # it may not be looked at
        return False


def _event(message: event_service_pb2.Event) -> ShopperEvent:
    time = message.event_time
    return ShopperEvent(
        event_id=message.event_id,
        type=message.type,
        shopper_id=message.shopper_id,
        session_id=message.session_id,
        order_id=message.order_id,
        search_id=message.search_id,
        product_id=message.product_id,
        query=message.query,
        position=message.position,
        quantity=message.quantity,
        time=time.seconds * 1_000_000 + time.nanos // 1_000 if message.HasField("event_time") else None,
    )
