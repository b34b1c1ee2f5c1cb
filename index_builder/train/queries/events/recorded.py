"""Events that a server recorded, as those of a file."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from engine.backends.event_reader import EventReader
from engine.generation import LIVE
from engine.shopper_events import EventType, KeptEvent
from index_builder.quality.verdicts import RejectedRowError
from index_builder.train.queries.events.cells import Event
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.table import EventTableBuilder

_KIND_OF = {
    EventType.IMPRESSION: EventKind.IMPRESSION,
    EventType.CLICK: EventKind.CLICK,
    EventType.VIEW: EventKind.CLICK,
    EventType.ADD_TO_CART: EventKind.CART,
    EventType.PURCHASE: EventKind.PURCHASE,
}
"""A page that was opened after a search counts as a click; a search itself says nothing of a product."""


def read_recorded(data: Path, builder: EventTableBuilder) -> int:
    """Add all that the servers of a data folder recorded; how many events it were. Raises ConfigError where
    there are none, DamagedEventsError.
    """
    count = 0
    with closing(EventReader.open_to_read(data / LIVE)) as reader:
        for _, event in reader.events():
            add_recorded(event, builder)
            count += 1
    return count


def add_recorded(event: KeptEvent, builder: EventTableBuilder) -> None:
    """Unless it has no query; carts and purchases need none, since they follow a click."""
    kind = _KIND_OF.get(event.type)
    if kind is None or (not event.query and kind < EventKind.CART):
        return
    who = event.shopper or event.session
    with suppress(RejectedRowError):  # of a query without a visible character
        builder.add(
            Event(
                kind,
                event.query,
                event.product_id,
                event.position,
                who.hex(),
                event.search.hex(),
                event.time / 1e6,
            )
        )
