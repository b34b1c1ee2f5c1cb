"""Events of a data folder: what is recorded, under which names, and what is left of who is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Queue

import pytest

from engine.backends.event_store import EventStore
from engine.deadline import Deadline
from engine.errors import ConfigError
from engine.events.event_book import EventBook
from engine.generation import LIVE, DataFolder
from engine.manifest import event_parameters
from engine.security.shopper_key import SHOPPER_KEY, ShopperKey
from engine.shopper_events import EventOutcome, ShopperEvent
from index_builder.publish import Summary, publish, seal
from tests.event_samples import DAY, NOON, at, bytes_in, click, event_book, events_in, purchase
from tests.unit.test_generation import write_parts

PATIENT = Deadline.none()


@contextmanager
def opened(data: Path, *, days: int = 0, now: int = NOON) -> Iterator[EventBook]:
    with closing(event_book(data, days=days, clock=lambda: now)) as book:
        yield book


def taken(book: EventBook, *events: ShopperEvent) -> list[EventOutcome]:
    return book.record(events, PATIENT)


def published(data: Path, name: str, *, events: int) -> str:
    """A generation that was built with the events up to a sequence."""
    work = data / "building" / name
    write_parts(work, name)
    seal(work, Summary("0.1", 4, 3, 2, 10, 0.97, event_parameters(events), {}, {}))
    return publish(work, data, activate=True).id


def test_nothing_is_made_before_the_first_event(tmp_path: Path) -> None:
    with opened(tmp_path, days=1) as book:
        book.start()

    assert not (tmp_path / LIVE).exists()


def test_each_event_is_taken_or_refused_by_itself(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        outcomes = taken(book, click(1), click(2, product=""), click(1, "bert"))

    assert outcomes == [
        EventOutcome("e1"),
        EventOutcome("e2", False, "INVALID_ARGUMENT", "product_id", "product_id is empty."),
        EventOutcome("e1", repeated=True),
    ]
    assert len(events_in(tmp_path / LIVE)) == 1


def test_ids_are_kept_as_hashes_that_the_key_beside_them_makes(tmp_path: Path) -> None:
    bought = purchase(1, "anna@shop.example", "order of anna", "p1")
    with opened(tmp_path) as book:
        taken(book, bought, click(2, "", query="  black ink "))

    first, second = events_in(tmp_path / LIVE).values()
    key = ShopperKey.open(tmp_path / LIVE / SHOPPER_KEY, make=False)
    assert (first.shopper, first.order) == (
        key.shopper("anna@shop.example"),
        key.short("order", bought.order_id),
    )
    assert (first.product_id, first.quantity, first.time) == ("p1", 1, NOON)
    assert (second.shopper, second.query, second.search) == (b"", "black ink", key.short("search", "s2"))
    files = [path.read_bytes() for path in (tmp_path / LIVE).iterdir()]
    assert not any(b"anna" in content for content in files)


def test_a_clock_that_is_a_little_ahead_counts_as_now(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        taken(book, at(click(1), NOON + 60_000_000), at(click(2), NOON - DAY))

    assert [event.time for event in events_in(tmp_path / LIVE).values()] == [NOON, NOON - DAY]


def test_callers_who_come_at_once_are_all_recorded(tmp_path: Path) -> None:
    with opened(tmp_path) as book, ThreadPoolExecutor(8) as callers:
        outcomes = list(callers.map(lambda number: taken(book, click(number), click(number % 4)), range(40)))

    assert all(not each.reason for both in outcomes for each in both)
    assert len(events_in(tmp_path / LIVE)) == 40


def test_who_is_forgotten_is_gone_and_stays_so(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        taken(book, at(click(1), NOON - 5), click(2, "bert"))

        assert book.forget("anna").erased == 1
        late = taken(book, at(click(3), NOON - 5))
        assert book.forget("anna").erased == book.forget("nobody").erased == 0

    assert [outcome.reason for outcome in late] == ["FAILED_PRECONDITION"]
    assert len(events_in(tmp_path / LIVE)) == 1
    with opened(tmp_path, now=NOON + 9) as book:
        assert taken(book, click(4)) == [EventOutcome("e4")]


def test_generations_that_were_built_with_events_of_theirs_are_named(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        published(tmp_path, "without events", events=0)
        taken(book, click(1, "bert"))
        published(tmp_path, "before", events=1)
        taken(book, click(2))
        holding = published(tmp_path, "with", events=2)

        assert book.forget("anna").generation_ids == (holding,)
        published(tmp_path, "after", events=3)
        assert book.forget("anna").generation_ids == (holding,)
        assert len(book.forget("bert").generation_ids) == 3


def test_events_expire_when_a_server_starts_and_older_ones_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        taken(book, at(click(1), NOON - 3 * DAY), at(click(2), NOON - DAY))
    expired: Queue[int] = Queue()
    with closing(
        EventBook(
            EventStore(tmp_path / LIVE),
            tmp_path / LIVE / SHOPPER_KEY,
            DataFolder(tmp_path).manifests,
            days=2,
            clock=lambda: NOON,
            on_expired=expired.put,
        )
    ) as book:
        book.start()
        assert expired.get(timeout=10) == 1
        (outcome,) = taken(book, at(click(3), NOON - 3 * DAY))

    assert (outcome.reason, outcome.field) == ("INVALID_ARGUMENT", "event_time")
    assert [event.time for event in events_in(tmp_path / LIVE).values()] == [NOON - DAY]


def test_without_its_key_a_store_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        taken(book, click(1))
    key = tmp_path / LIVE / SHOPPER_KEY
    content = key.read_bytes()
    key.unlink()
    with opened(tmp_path) as book, pytest.raises(ConfigError, match="no shopper key at"):
        taken(book, click(2))
    ShopperKey.open(key, make=True)
    with opened(tmp_path) as book, pytest.raises(ConfigError, match="recorded with another shopper key"):
        book.forget("anna")

    key.write_bytes(content)
    with opened(tmp_path) as book:
        assert taken(book, click(1), click(2)) == [EventOutcome("e1", repeated=True), EventOutcome("e2")]


def test_the_key_may_lie_elsewhere(tmp_path: Path) -> None:
    with closing(event_book(tmp_path / "data", key_file=tmp_path / "keys" / "shop.key")) as book:
        taken(book, click(1))

    assert (tmp_path / "keys" / "shop.key").exists()
    assert len(events_in(tmp_path / "data" / LIVE)) == 1
    assert not (tmp_path / "data" / LIVE / SHOPPER_KEY).exists()


def test_nothing_of_a_forgotten_shopper_is_in_the_files(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        taken(book, click(1, query="a very own wish"), click(2, "bert"))
        book.forget("anna")

        assert not any(b"very own" in content for content in bytes_in(tmp_path / LIVE))
