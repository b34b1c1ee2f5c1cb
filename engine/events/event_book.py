"""The events of one data folder: recorded, forgotten and kept no longer than they may be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from engine.batching import Batcher
from engine.deadline import Deadline
from engine.errors import EngineError, FailedPreconditionError, InvalidArgumentError
from engine.events.checks import check_event, check_shopper_id
from engine.manifest import Manifest
from engine.security.shopper_key import ShopperKey
from engine.shopper_events import (
    EventOutcome,
    EventType,
    Fate,
    ForgottenShopper,
    KeptEvent,
    ShopperEvent,
    Traces,
)

_TOGETHER, _WAITING = 2_000, 20_000
"""Events in one commit, and that wait for one."""
_DAY = 86_400_000_000
_DAY_SECONDS = 86_400.0

_log = structlog.get_logger()


class Store(Protocol):
    """See `engine.backends.event_store`."""

    @property
    def exists(self) -> bool: ...

    def admit(self, key_check: bytes) -> None: ...

    def record(self, events: Sequence[KeptEvent]) -> list[Fate]: ...

    def forget(self, shopper: bytes, now: int) -> int: ...

    def traces(self, shopper: bytes) -> Traces: ...

    def expire(self, before: int) -> int: ...

    def close(self) -> None: ...


def microseconds_now() -> int:
    return time.time_ns() // 1_000


class EventBook:
    """Safe to call from many threads at once. The store and the key are made with the first event: a shop
    that records none has neither. Times are in microseconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        key_file: Path,
        manifests: Callable[[], Iterable[Manifest]],
        *,
        days: int,
        clock: Callable[[], int] = microseconds_now,
        on_expired: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """`manifests` are those of all generations that are there; events are kept for `days`, 0 is for ever;
        `on_expired` is told how many were erased for that.
        """
        self._store, self._key_file, self._manifests = store, key_file, manifests
        self._days, self._clock, self._on_expired = days, clock, on_expired
        self._key: ShopperKey | None = None
        self._opening = threading.Lock()
        self._closing = threading.Event()
        self._expiring = threading.Thread(target=self._expire_daily, name="events", daemon=True)
        self._batcher = Batcher[KeptEvent, Fate](store.record, max_batch=_TOGETHER, max_waiting=_WAITING)

    def start(self) -> None:
        """Erase what has expired, now and once a day, in a thread of its own."""
        if self._days:
            self._expiring.start()

    def record(self, events: Sequence[ShopperEvent], deadline: Deadline) -> list[EventOutcome]:
        """Those that were taken are durable when this returns.

        Raises OverloadedError when too many wait, ConfigError without the right key, and what the store
        raises when it cannot write: then none is taken. Ask again; no event is recorded twice.
        """
        key, now = self._opened(), self._clock()
        refused: dict[int, EventOutcome] = {}
        kept: dict[int, KeptEvent] = {}
        for place, event in enumerate(events):
            try:
                check_event(event, now, self._oldest(now))
            except InvalidArgumentError as error:
                refused[place] = _refusal(event, error, error.field)
            else:
                kept[place] = _kept(event, key, now)
        fates = dict(zip(kept, self._batcher.submit(list(kept.values()), deadline), strict=True))
        return [
            refused[place] if place in refused else _outcome(event, fates[place])
            for place, event in enumerate(events)
        ]

    def forget(self, shopper_id: str) -> ForgottenShopper:
        """All that they did is erased, in the files too, when this returns. Raises InvalidArgumentError,
        ConfigError without the right key, and what the store raises: ask again then.
        """
        shopper = self._opened().shopper(check_shopper_id(shopper_id))
        count = self._store.forget(shopper, self._clock())
        traces = self._store.traces(shopper)
        built = [each.id for each in self._manifests() if traces.first <= each.event_sequence < traces.erased]
        return ForgottenShopper(count, tuple(built), traces.backups)

    def close(self) -> None:
        """Waits for what is written just then; later calls are refused."""
        self._closing.set()
        if self._expiring.is_alive():
            self._expiring.join()
        self._batcher.close()
        self._store.close()

    def _opened(self) -> ShopperKey:
        with self._opening:
            if self._key is None:
                key = ShopperKey.open(self._key_file, make=not self._store.exists)
                self._store.admit(key.check)
                self._key = key
            return self._key

    def _oldest(self, now: int) -> int:
        return now - self._days * _DAY if self._days else 1

    def _expire_daily(self) -> None:
        while not self._closing.is_set():
            try:
                if self._store.exists and (count := self._store.expire(self._oldest(self._clock()))):
                    self._on_expired(count)
                    _log.info("events expired", count=count)
            except EngineError as error:
                _log.warning("events not expired", error=error.message)
            self._closing.wait(_DAY_SECONDS)


def _kept(event: ShopperEvent, key: ShopperKey, now: int) -> KeptEvent:
    return KeptEvent(
        id=key.short("event", event.event_id),
        type=EventType(event.type),
        shopper=key.shopper(event.shopper_id),
        session=key.short("session", event.session_id),
        order=key.short("order", event.order_id),
        search=key.short("search", event.search_id),
        product_id=event.product_id,
        query=event.query.strip(),
        position=event.position,
        quantity=event.quantity or 1,
        time=now if event.time is None else min(event.time, now),
    )


def _outcome(event: ShopperEvent, fate: Fate) -> EventOutcome:
    if fate is Fate.FORGOTTEN:
        error = FailedPreconditionError(
            "It is from before its shopper was forgotten, and is not taken back in."
        )
        return _refusal(event, error)
    return EventOutcome(event.event_id, repeated=fate is Fate.KNOWN)


def _refusal(event: ShopperEvent, error: EngineError, field: str = "") -> EventOutcome:
    return EventOutcome(event.event_id, False, error.reason, field, error.message)
