"""What another process writes to the log is laid over what this one serves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.errors import StorageError
from engine.live.catching_up import CatchingUp
from engine.types import Product
from engine.written_changes import WrittenChange, WrittenRequest
from tests.unit.held_model import wait_until
from tests.unit.live.live_fakes import FINGERPRINT, ListedLog, Shop, embedding, product

PATH = Path("changes.sqlite3")


def written(log: ListedLog, *products: Product) -> None:
    """By another process."""
    start = log.last_sequence + 1
    changes = [
        WrittenChange(number, each.id, each, embedding(each.title), FINGERPRINT)
        for number, each in enumerate(products, start)
    ]
    log.commit([WrittenRequest("", b"", changes)])


@contextmanager
def catching_up(shop: Shop) -> Iterator[CatchingUp]:
    started = CatchingUp(shop.log, shop.writer._using, every=0.002)
    started.start()
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def shop() -> Shop:
    return Shop([product("a", "Teapot")])


def test_changes_of_another_process_are_seen_and_followers_are_told(shop: Shop) -> None:
    with catching_up(shop):
        written(shop.log, product("b", "Kettle"), product("a", "Teapot, black"))

        wait_until(lambda: shop.log.feed.wakes == 1)

    found = shop.live.state.product("b"), shop.live.state.product("a")
    assert [each.title for each in found if each] == ["Kettle", "Teapot, black"]
    assert (shop.live.sequence, len(shop.overlays)) == (2, 1)


def test_what_is_there_already_is_not_laid_over_again(shop: Shop) -> None:
    shop.live.sequence = 1
    written(shop.log, product("b", "Kettle"))

    with catching_up(shop) as started:
        wait_until(lambda: started._reached == 1)

    assert (shop.overlays, shop.log.feed.wakes) == ([], 0)


def test_trouble_is_told_once_and_it_goes_on_when_it_is_over(shop: Shop) -> None:
    read, looks = shop.log.since, 0

    def broken(sequence: int) -> Iterator[WrittenChange]:
        nonlocal looks
        looks += 1
        raise StorageError(PATH, "cannot be read")

    shop.log.since = broken  # type: ignore[method-assign]
    written(shop.log, product("b", "Kettle"))
    with capture_logs() as logs, catching_up(shop):
        wait_until(lambda: looks > 3)
        shop.log.since = read  # type: ignore[method-assign]
        wait_until(lambda: shop.live.sequence == 1)

    assert [each["error"] for each in logs] == [f"{PATH} cannot be read."]
