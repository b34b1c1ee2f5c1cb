"""What is in the log but could not be shown: the next call shows it, and be it the same one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from engine.deadline import Deadline
from engine.errors import FailedPreconditionError
from engine.live.changes import ChangeRequest, ChangeResult, ProductDeletion, ProductUpsert
from engine.types import Product, ProductId
from tests.unit.live.live_fakes import ListedWords, Shop, product
from tests.unit.stages.vector_fakes import ExactWords

BUILT = [product("a", "Pen"), product("b", "Ink")]


@dataclass
class FullDisk(ListedWords):
    """Takes no words while it is full."""

    full: bool = True

    def add(self, products: Sequence[Product]) -> ExactWords:
        if self.full:
            raise FailedPreconditionError("The words could not be written.")
        return super().add(products)


@pytest.fixture
def words() -> FullDisk:
    return FullDisk([each.title for each in BUILT])


@pytest.fixture
def shop(words: FullDisk) -> Shop:
    made = Shop(BUILT)
    made.words = words
    return made


def send(shop: Shop, request_id: str) -> ChangeResult:
    changes = ChangeRequest([ProductUpsert(product("c", "Cup")), ProductDeletion(ProductId("a"))], request_id)
    return shop.writer.write(changes, Deadline.none(), shop.live)


def test_the_same_request_again_shows_what_it_had_committed(shop: Shop, words: FullDisk) -> None:
    with pytest.raises(FailedPreconditionError):
        send(shop, "r-1")
    assert shop.products().keys() == {"a", "b"}
    words.full = False

    again = send(shop, "r-1")

    assert again.repeated
    assert shop.products().keys() == {"b", "c"}
    assert words.texts == ["Pen", "Ink", "Cup"]
    assert again.sequence == shop.log.last_sequence == 2


def test_nothing_more_is_committed_before_it_is_shown(shop: Shop, words: FullDisk) -> None:
    for request_id in ("r-1", "r-2", "r-3"):
        with pytest.raises(FailedPreconditionError):
            send(shop, request_id)

    assert shop.log.last_sequence == 2
