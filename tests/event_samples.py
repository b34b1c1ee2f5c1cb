"""Events of shoppers for tests, and what keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from engine.backends.event_reader import EventReader
from engine.backends.event_store import EventStore
from engine.events.event_book import EventBook, microseconds_now
from engine.generation import LIVE, DataFolder
from engine.security.shopper_key import SHOPPER_KEY, ShopperKey
from engine.shopper_events import EventType, KeptEvent, ShopperEvent

KEY = ShopperKey(bytes(range(32)))
DAY = 86_400_000_000
NOON = 20_000 * DAY + DAY // 2
"""Of a day in 2024, in microseconds since 1970."""


def click(number: int, shopper: str = "anna", *, query: str = "ink", product: str = "p1") -> ShopperEvent:
    return ShopperEvent(
        f"e{number}", EventType.CLICK, shopper, product_id=product, query=query, search_id=f"s{number}"
    )


def purchase(number: int, shopper: str, order: str, product: str) -> ShopperEvent:
    return ShopperEvent(f"e{number}", EventType.PURCHASE, shopper, product_id=product, order_id=order)


def kept(number: int, shopper: str = "anna", *, time: int = NOON, query: str = "ink") -> KeptEvent:
    return KeptEvent(
        id=KEY.short("event", f"e{number}"),
        type=EventType.CLICK,
        shopper=KEY.shopper(shopper),
        session=b"",
        order=b"",
        search=KEY.short("search", f"s{number}"),
        product_id=f"p{number}",
        query=query,
        position=3,
        quantity=1,
        time=time,
    )


def at(event: ShopperEvent, time: int) -> ShopperEvent:
    return replace(event, time=time)


def event_book(
    data: Path, *, days: int = 0, clock: Callable[[], int] = microseconds_now, key_file: Path | None = None
) -> EventBook:
    return EventBook(
        EventStore(data / LIVE),
        key_file or data / LIVE / SHOPPER_KEY,
        DataFolder(data).manifests,
        days=days,
        clock=clock,
    )


def events_in(folder: Path) -> dict[int, KeptEvent]:
    """Of a folder of live changes, by sequence; everything is verified."""
    with closing(EventReader.open_to_read(folder)) as reader:
        reader.check()
        return dict(reader.events())


def bytes_in(folder: Path) -> Iterator[bytes]:
    """Of every file of the store."""
    for path in folder.glob("events.sqlite3*"):
        yield path.read_bytes()
