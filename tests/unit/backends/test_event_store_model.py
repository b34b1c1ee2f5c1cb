"""The store of events against a dictionary: whatever is done in whatever order, both say the same."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.backends.event_store import EventStore
from engine.shopper_events import Fate, KeptEvent
from tests.event_samples import KEY, events_in, kept

SHOPPERS = ("", "anna", "bert", "cleo")
EVENTS = st.lists(
    st.builds(
        lambda number, shopper, time: kept(number, shopper, time=time),
        st.integers(0, 9),
        st.sampled_from(SHOPPERS),
        st.integers(1, 9),
    ),
    max_size=5,
)


@dataclass
class Model:
    """Events by sequence, when shoppers were forgotten, and ids that are erased with when that was."""

    events: dict[int, KeptEvent] = field(default_factory=dict)
    forgotten: dict[bytes, int] = field(default_factory=dict)
    erased: dict[bytes, int] = field(default_factory=dict)
    sequence: int = 0

    def record(self, event: KeptEvent) -> Fate:
        if event.shopper and event.time <= self.forgotten.get(event.shopper, 0):
            return Fate.FORGOTTEN
        if event.id in self.erased or event.id in {each.id for each in self.events.values()}:
            return Fate.KNOWN
        self.sequence += 1
        self.events[self.sequence] = event
        return Fate.RECORDED

    def forget(self, shopper: bytes, now: int) -> int:
        gone = [number for number, event in self.events.items() if event.shopper == shopper]
        for number in gone:
            self.erased.setdefault(self.events.pop(number).id, now)
        self.forgotten[shopper] = max(now, self.forgotten.get(shopper, 0))
        self.sequence += bool(gone)
        return len(gone)

    def expire(self, before: int) -> int:
        count = len(self.events)
        self.events = {number: event for number, event in self.events.items() if event.time >= before}
        self.erased = {event_id: time for event_id, time in self.erased.items() if time >= before}
        self.forgotten = {shopper: time for shopper, time in self.forgotten.items() if time >= before}
        return count - len(self.events)


class EventStoreMachine(RuleBasedStateMachine):
    @initialize()
    def create(self) -> None:
        self.folder = Path(mkdtemp(prefix="cartograph-events-"))
        self.store, self.model = EventStore(self.folder), Model()
        self.store.admit(KEY.check)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(events=EVENTS)
    def record(self, events: list[KeptEvent]) -> None:
        assert self.store.record(events) == [self.model.record(event) for event in events]

    @rule(shopper=st.sampled_from(SHOPPERS[1:]), now=st.integers(1, 9))
    def forget(self, shopper: str, now: int) -> None:
        name = KEY.shopper(shopper)
        assert self.store.forget(name, now) == self.model.forget(name, now)

    @rule(before=st.integers(1, 6))
    def expire(self, before: int) -> None:
        assert self.store.expire(before) == self.model.expire(before)

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.store = EventStore(self.folder)

    @invariant()
    def both_hold_the_same(self) -> None:
        if hasattr(self, "store"):
            assert events_in(self.folder) == self.model.events


TestEventStoreModel = EventStoreMachine.TestCase
TestEventStoreModel.settings = settings(
    max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
