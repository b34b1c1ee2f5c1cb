"""What an event has to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import InvalidArgumentError
from engine.events.checks import AHEAD, check_event, check_shopper_id
from engine.shopper_events import EventType, ShopperEvent
from tests.event_samples import DAY, NOON, click

GOOD = replace(click(1), time=NOON)
SEARCH = ShopperEvent("e1", EventType.SEARCH, query="ink")


@pytest.mark.parametrize(
    "event",
    [
        GOOD,
        SEARCH,
        replace(GOOD, shopper_id="", query="", search_id="", time=None),
        replace(GOOD, shopper_id="墨" * 200, product_id="x" * 1_000, query="x" * 1_000),
        replace(GOOD, position=1_000_000, quantity=1_000_000),
        replace(GOOD, time=NOON + AHEAD),
        replace(GOOD, time=NOON - DAY),
    ],
)
def test_what_is_within_its_bounds_is_taken(event: ShopperEvent) -> None:
    check_event(event, NOON, NOON - DAY)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (replace(GOOD, event_id=""), "event_id"),
        (replace(GOOD, event_id="x" * 201), "event_id"),
        (replace(GOOD, type=0), "type"),
        (replace(GOOD, type=7), "type"),
        (replace(GOOD, shopper_id="x" * 201), "shopper_id"),
        (replace(GOOD, session_id="x" * 201), "session_id"),
        (replace(GOOD, order_id="x" * 201), "order_id"),
        (replace(GOOD, search_id="x" * 201), "search_id"),
        (replace(GOOD, product_id=""), "product_id"),
        (replace(GOOD, product_id="x" * 1_001), "product_id"),
        (replace(GOOD, query="x" * 1_001), "query"),
        (replace(SEARCH, query=" \t"), "query"),
        (replace(SEARCH, product_id="p1"), "product_id"),
        (replace(GOOD, position=-1), "position"),
        (replace(GOOD, position=1_000_001), "position"),
        (replace(GOOD, quantity=-1), "quantity"),
        (replace(GOOD, time=NOON + AHEAD + 1), "event_time"),
        (replace(GOOD, time=NOON - DAY - 1), "event_time"),
        (replace(GOOD, time=-(2**62)), "event_time"),
    ],
)
def test_what_is_not_is_refused_naming_the_field(event: ShopperEvent, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_event(event, NOON, NOON - DAY)

    assert raised.value.field == field


@pytest.mark.parametrize("shopper_id", ["", "very secret " * 20])
def test_a_shopper_who_is_to_be_forgotten_is_named_and_never_quoted(shopper_id: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_shopper_id(shopper_id)

    assert raised.value.field == "shopper_id"
    assert "secret" not in str(raised.value.metadata) + raised.value.message
