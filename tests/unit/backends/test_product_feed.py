"""What followers of a change log are given, and when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.backends.change_log import ChangeLog, LoggedRequest, NewChange
from engine.backends.product_feed import PAGE_BYTES, PAGE_CHANGES, ProductFeed
from engine.backends.product_log import ProductLog
from engine.change_feed import ChangePage, LogPosition
from engine.errors import AnotherLogError, CompactedError, InvalidArgumentError, NotServingError
from engine.types import Product, ProductId
from engine.written_changes import WrittenChange, WrittenRequest
from tests.change_samples import ENCODER, deletion, request, upsert

START = LogPosition()
WAIT = 10.0


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[ProductFeed]:
    with closing(ProductFeed(tmp_path / "live")) as opened:
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ChangeLog]:
    with closing(ChangeLog.open(tmp_path / "live")) as opened:
        yield opened


def sequences(page: ChangePage) -> list[int]:
    return [change.sequence for change in page.changes]


def test_where_nobody_has_written_there_is_no_log_and_asking_makes_none(
    feed: ProductFeed, tmp_path: Path
) -> None:
    page = feed.page(START, 0)

    assert (page.log_id, list(page.changes), page.last_sequence) == ("", [], 0)
    assert not (tmp_path / "live").exists()


def test_a_follower_that_came_before_the_log_gets_its_first_change(feed: ProductFeed, tmp_path: Path) -> None:
    before = feed.page(START, 0)
    with closing(ChangeLog.open(tmp_path / "live")) as log:
        log.commit([request(upsert(1))])
        page = feed.page(before.end(START), 0)

    assert (sequences(page), page.log_id, page.last_sequence) == ([1], log.lineage, 1)


def test_a_change_is_given_whole(feed: ProductFeed, log: ChangeLog) -> None:
    given, bare = upsert(1), NewChange("p2", upsert(2).record, None, "")
    log.commit([request(given, bare, deletion(1))])

    put, unembedded, deleted = feed.page(START, 0).changes

    assert (put.product_id, put.encoder) == ("p1", ENCODER)
    assert put.product == Product(ProductId("p1"), "0")
    assert put.embedding is not None
    np.testing.assert_array_equal(put.embedding, given.vector)
    assert put.time == log.since(0, 1)[0].time
    assert (unembedded.product, unembedded.embedding) == (Product(ProductId("p2"), "0"), None)
    assert (deleted.product_id, deleted.product, deleted.embedding) == ("p1", None, None)


def test_a_page_ends_after_so_many_changes_or_bytes_and_pages_leave_nothing_out(
    feed: ProductFeed, log: ChangeLog
) -> None:
    large = PAGE_BYTES // 2
    log.commit([request(*(upsert(number) for number in range(PAGE_CHANGES + 100)))])
    log.commit([request(*(upsert(number, size=large) for number in range(5)))])
    seen, sizes, position = [], [], START
    while (page := feed.page(position, 0)).changes:
        seen += sequences(page)
        sizes.append(len(page.changes))
        position = page.end(position)

    assert seen == list(range(1, PAGE_CHANGES + 106))
    assert sizes == [PAGE_CHANGES, 102, 2, 1]  # 100 small ones and two large, two large, one


def test_a_change_larger_than_a_page_is_a_page(feed: ProductFeed, log: ChangeLog) -> None:
    log.commit([request(upsert(1, size=2 * PAGE_BYTES), upsert(2))])

    assert sequences(feed.page(START, 0)) == [1]


def test_followers_of_another_log_or_of_one_that_is_gone_start_over(
    feed: ProductFeed, tmp_path: Path
) -> None:
    with pytest.raises(AnotherLogError, match="There is no change log here"):
        feed.page(LogPosition("abc"), 0)
    with closing(ChangeLog.open(tmp_path / "live")) as log:
        with pytest.raises(AnotherLogError, match=f"here is {log.lineage}, and abc was followed"):
            feed.page(LogPosition("abc"), 0)
        assert feed.page(LogPosition(log.lineage), 0).log_id == log.lineage


def test_followers_of_what_is_forgotten_start_over_and_the_next_goes_on(
    feed: ProductFeed, log: ChangeLog
) -> None:
    log.commit([request(*(upsert(number) for number in range(5)))])
    log.compact(3)

    with pytest.raises(CompactedError) as raised:
        feed.page(LogPosition(log.lineage, 2), 0)

    assert raised.value.compacted == 3
    assert sequences(feed.page(LogPosition(log.lineage, 3), 0)) == [4, 5]


@pytest.mark.parametrize("made", [False, True], ids=["no log", "a log"])
def test_a_sequence_that_the_log_has_not_reached_is_refused(
    feed: ProductFeed, tmp_path: Path, made: bool
) -> None:
    if made:
        with closing(ChangeLog.open(tmp_path / "live")) as log:
            log.commit([request(upsert(1))])

    with pytest.raises(InvalidArgumentError) as raised:
        feed.page(LogPosition("", 2), 0)

    assert raised.value.field == "after_sequence"


def test_a_commit_wakes_those_that_wait_and_others_wait_as_long_as_they_said(tmp_path: Path) -> None:
    log = ProductLog(tmp_path / "live")
    product = Product(ProductId("p1"), "Lamp")

    with closing(log), ThreadPoolExecutor(1) as threads:
        start = time.monotonic()
        waiting = threads.submit(log.feed.page, START, WAIT)
        log.commit([WrittenRequest("", b"", [WrittenChange(1, "p1", product, None, "")])])
        page = waiting.result(WAIT)
        woken = time.monotonic() - start
        assert sequences(log.feed.page(page.end(START), 0.05)) == []

    assert (sequences(page), page.changes[0].product) == ([1], product)
    assert woken < WAIT / 2


def test_a_writer_that_is_opened_again_disturbs_no_follower(feed: ProductFeed, tmp_path: Path) -> None:
    position = START
    for number in range(3):
        with closing(ChangeLog.open(tmp_path / "live")) as log:
            log.commit([LoggedRequest("", b"", [upsert(number)])])
            page = feed.page(position, 0)
        assert sequences(page) == [number + 1]
        position = page.end(position)


def test_closing_wakes_those_that_wait_and_refuses_them(feed: ProductFeed) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(feed.page, START, WAIT)
        time.sleep(0.05)
        feed.close()

        assert isinstance(waiting.exception(WAIT / 2), NotServingError)
