"""What shoppers did: as a shop tells it, and as it is kept, under names that only the shop's key can make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum, auto


class EventType(IntEnum):
    """The numbers are those of the contract and of the store: they never change."""

    SEARCH = 1
    IMPRESSION = 2
    CLICK = 3
    VIEW = 4
    ADD_TO_CART = 5
    PURCHASE = 6


@dataclass(frozen=True, slots=True)
class ShopperEvent:
    """As a shop tells it, unchecked. Ids are its own, "" where there is none; `time` is in microseconds since
    1970, None for now.
    """

    event_id: str
    type: int
    shopper_id: str = ""
    session_id: str = ""
    order_id: str = ""
    search_id: str = ""
    product_id: str = ""
    query: str = ""
    position: int = 0
    quantity: int = 0
    time: int | None = None


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """As it is kept. `id`, `shopper`, `session`, `order` and `search` are keyed hashes, b"" where there is
    none. `position` counts from 1, 0 where unknown; `quantity` >= 1; `time` is in microseconds since 1970.
    """

    id: bytes
    type: EventType
    shopper: bytes
    session: bytes
    order: bytes
    search: bytes
    product_id: str
    query: str
    position: int
    quantity: int
    time: int


class Fate(Enum):
    """What became of an event that a store was given."""

    RECORDED = auto()
    KNOWN = auto()
    """It is there already, or was and is erased."""
    FORGOTTEN = auto()
    """It is from before its shopper was forgotten."""


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """`reason` is empty when the event was taken, `repeated` when it was there already."""

    event_id: str
    repeated: bool = False
    reason: str = ""
    field: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class BackupHolding:
    """Events of a shopper in a backup that was taken here; `created` is UTC."""

    place: str
    created: datetime
    event_count: int


@dataclass(frozen=True, slots=True)
class Traces:
    """Where something may be left of a shopper who was forgotten: in generations built with the events up to
    a sequence from `first` to below `erased` (both 0 when there never was any), and in backups.
    """

    first: int = 0
    erased: int = 0
    backups: Sequence[BackupHolding] = ()


@dataclass(frozen=True, slots=True)
class ForgottenShopper:
    """`erased` counts events; `generation_ids` and `backups` still hold something."""

    erased: int
    generation_ids: Sequence[str]
    backups: Sequence[BackupHolding]
