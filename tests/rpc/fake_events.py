"""Events in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.deadline import Deadline
from engine.errors import InvalidArgumentError
from engine.shopper_events import BackupHolding, EventOutcome, ForgottenShopper, ShopperEvent

TAKEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass
class FakeEvents:
    """Takes every event that has a product; each of `backups` holds all of a shopper who is forgotten."""

    kept: dict[str, ShopperEvent] = field(default_factory=dict)
    backups: Sequence[str] = ()

    def record(self, events: Sequence[ShopperEvent], deadline: Deadline) -> list[EventOutcome]:
        deadline.check()
        return [self._record(event) for event in events]

    def forget(self, shopper_id: str) -> ForgottenShopper:
        gone = [event for event in self.kept.values() if event.shopper_id == shopper_id]
        for event in gone:
            del self.kept[event.event_id]
        held = [BackupHolding(place, TAKEN, len(gone)) for place in self.backups]
        return ForgottenShopper(len(gone), ("g-old",), held)

    def _record(self, event: ShopperEvent) -> EventOutcome:
        if not event.product_id:
            error = InvalidArgumentError("product_id", "product_id is empty.")
            return EventOutcome(event.event_id, False, error.reason, error.field, error.message)
        known = event.event_id in self.kept
        self.kept.setdefault(event.event_id, event)
        return EventOutcome(event.event_id, repeated=known)
