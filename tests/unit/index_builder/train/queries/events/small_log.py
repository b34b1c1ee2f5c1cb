"""Logs of a few events, written by hand."""

from __future__ import annotations

import math

from index_builder.train.queries.events.cells import Event
from index_builder.train.queries.events.kinds import KINDS
from index_builder.train.queries.events.table import EventTable, EventTableBuilder

START = 1_700_000_007.0
"""No whole minute, so that the log's clock is believed to tell seconds."""


def event(
    kind: str,
    product: str,
    *,
    query: str = "ink",
    position: int = 0,
    shopper: str = "anna",
    search: str = "",
    at: float = math.nan,
) -> Event:
    """`at` is in seconds after the start of the log."""
    return Event(KINDS[kind], query, product, position, shopper, search, START + at)


def log(*events: Event) -> EventTable:
    builder = EventTableBuilder()
    for each in events:
        builder.add(each)
    return builder.build()
