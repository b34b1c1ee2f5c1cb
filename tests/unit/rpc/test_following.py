"""Follows the log of an engine, and knows how far each follower is."""

from __future__ import annotations

import math
import threading
import time

import pytest

from engine.change_feed import LogPosition
from engine.deadline import Deadline
from engine.errors import AnotherLogError, CancelledError, NotServingError
from engine.rpc.following import LOOK_SECONDS, Following
from tests.rpc.fake_engine import CHAIR, FakeEngine

START = LogPosition()


def followed(engine: FakeEngine, *, heartbeat: float = 60.0) -> Following:
    return Following(lambda: engine, lambda: None, heartbeat=heartbeat)


def test_the_first_page_comes_at_once_and_then_one_now_and_then_without_news() -> None:
    pages = followed(FakeEngine(), heartbeat=0.01).pages(START, Deadline.none())

    start = time.monotonic()
    first = next(pages)
    at_once = time.monotonic() - start
    second = next(pages)

    assert at_once < LOOK_SECONDS
    assert [list(page.changes) for page in (first, second)] == [[], []]
    assert time.monotonic() - start < 10


def test_what_is_committed_while_a_follower_waits_is_its_next_page() -> None:
    engine = FakeEngine()
    pages = followed(engine).pages(START, Deadline.none())
    next(pages)
    threading.Timer(0.3, engine.feed.log, ("g-1", CHAIR)).start()

    (change,) = next(pages).changes

    assert (change.sequence, change.product) == (1, CHAIR)


def test_a_follower_that_named_no_log_is_held_to_the_first_that_it_saw() -> None:
    engine = FakeEngine()
    pages = followed(engine).pages(START, Deadline.none())
    next(pages)

    engine.feed.log_id = "log-2"

    with pytest.raises(AnotherLogError, match="log-1 was followed"):
        next(pages)


def test_a_caller_that_goes_ends_it_and_is_counted_no_longer() -> None:
    gone = threading.Event()
    following = followed(FakeEngine())
    pages = following.pages(START, Deadline(None, gone.is_set))
    next(pages)
    assert following.count() == 1

    gone.set()

    with pytest.raises(CancelledError):
        next(pages)
    assert following.count() == 0


def test_a_waiting_follower_can_be_woken() -> None:
    """So that one whose caller has gone does not hold its thread until the next look."""
    gone = threading.Event()
    following = followed(FakeEngine())
    pages = following.pages(START, Deadline(None, gone.is_set))
    next(pages)

    def go() -> None:
        gone.set()
        following.wake()

    start = time.monotonic()
    threading.Timer(0.02, go).start()
    with pytest.raises(CancelledError):
        next(pages)

    assert time.monotonic() - start < LOOK_SECONDS


def test_a_drain_ends_it_with_its_reason() -> None:
    refusals: list[NotServingError] = []
    following = Following(FakeEngine, lambda: refusals[0] if refusals else None)
    pages = following.pages(START, Deadline.none())
    next(pages)

    refusals.append(NotServingError("This server is draining; ask another server."))

    with pytest.raises(NotServingError, match="draining"):
        next(pages)


def test_a_page_counts_as_sent_when_the_next_one_is_asked_for() -> None:
    engine = FakeEngine()
    following = followed(engine)
    for _ in range(3):
        engine.feed.log("g-1", CHAIR)
    pages = following.pages(START, Deadline.none())
    ahead = following.pages(LogPosition("", 3), Deadline.none())

    assert following.behind() == 0
    next(pages)
    next(ahead)
    assert (following.count(), following.behind()) == (2, 3)
    engine.feed.log("g-1", None)
    next(pages)
    assert following.behind() == 1
    pages.close()
    ahead.close()
    assert (following.count(), following.behind()) == (0, 0)


def test_nobody_knows_how_far_a_follower_is_behind_when_the_log_cannot_be_read() -> None:
    engine = FakeEngine()
    following = followed(engine)
    engine.feed.log("g-1", CHAIR)
    pages = following.pages(START, Deadline.none())
    next(pages)

    engine.feed.compacted = 1

    assert math.isnan(following.behind())
