"""What an event has to be before it is kept. No error quotes an id: it may say who somebody is."""

from __future__ import annotations

from engine.errors import InvalidArgumentError
from engine.shopper_events import EventType, ShopperEvent

MAX_EVENTS = 1_000
"""Of one request."""
MAX_NAME = 200
"""Characters of the id of a shopper, a session, an order, a search or an event."""
MAX_PRODUCT_ID, MAX_QUERY, MAX_NUMBER = 1_000, 1_000, 1_000_000
AHEAD = 300_000_000
"""Microseconds by which a caller's clock may be ahead of ours."""
_NAMES = ("event_id", "shopper_id", "session_id", "order_id", "search_id")


def check_shopper_id(shopper_id: str) -> str:
    """Of a shopper who is somebody. Raises InvalidArgumentError."""
    _check_length("shopper_id", shopper_id, MAX_NAME)
    return _required("shopper_id", shopper_id)


def check_event(event: ShopperEvent, now: int, oldest: int) -> None:
    """Raises InvalidArgumentError, naming the field. `oldest` is the earliest time that is kept."""
    for field in _NAMES:
        _check_length(field, getattr(event, field), MAX_NAME)
    _check_length("product_id", event.product_id, MAX_PRODUCT_ID)
    _check_length("query", event.query, MAX_QUERY)
    _required("event_id", event.event_id)
    if event.type not in {*EventType}:
        raise InvalidArgumentError("type", f"type is {event.type}, which is no type of event.")
    if event.type == EventType.SEARCH:
        _required("query", event.query.strip())
        if event.product_id:
            raise InvalidArgumentError("product_id", "product_id is set, but a search names no product.")
    else:
        _required("product_id", event.product_id)
    for field in ("position", "quantity"):
        if not 0 <= (value := getattr(event, field)) <= MAX_NUMBER:
            raise InvalidArgumentError(field, f"{field} is {value}; it must be from 0 to {MAX_NUMBER:,}.")
    if event.time is not None and event.time > now + AHEAD:
        raise InvalidArgumentError("event_time", "event_time is in the future; mind the clock of the caller.")
    if event.time is not None and event.time < oldest:
        raise InvalidArgumentError(
            "event_time", "event_time is longer ago than events are kept (--event-days)."
        )


def _required(field: str, value: str) -> str:
    if not value:
        raise InvalidArgumentError(field, f"{field} is empty.")
    return value


def _check_length(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise InvalidArgumentError(
            field, f"{field} has {len(value):,} characters; {most:,} are the most.", length=len(value)
        )
