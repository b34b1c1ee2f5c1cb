"""What becomes of changes that a shop asks for."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from engine.deadline import Deadline
from engine.errors import StorageFullError
from engine.live.changes import (
    ChangeOutcome,
    ChangeRequest,
    ChangeResult,
    ProductChange,
    ProductDeletion,
    ProductPatch,
    ProductUpsert,
)
from engine.product_texts import embedding_text
from engine.types import Availability, Money, ProductId
from tests.unit.live.live_fakes import DIMENSION, Shop, embedding, product

INK = product(
    "ink", "Black ink", price=Money("EUR", Decimal(9)), attributes={"yield": 200.5, "color": "black"}
)
PAPER = product("paper", "Paper")


@pytest.fixture
def shop() -> Shop:
    return Shop([INK, PAPER])


def write(shop: Shop, *changes: ProductChange, request_id: str = "") -> ChangeResult:
    return shop.writer.write(ChangeRequest(changes, request_id), Deadline.none(), shop.live)


def refused(shop: Shop, change: ProductChange) -> ChangeOutcome:
    before = shop.products()
    (outcome,) = write(shop, change).outcomes
    assert outcome.sequence == 0
    assert shop.products() == before
    assert not shop.log.changes
    return outcome


def test_a_new_product_is_logged_embedded_and_alive(shop: Shop) -> None:
    pen = product("pen", "Blue pen")

    result = write(shop, ProductUpsert(pen))

    assert result.outcomes == (ChangeOutcome("pen", 1),)
    assert (result.sequence, result.generation_id, result.repeated) == (1, "g", False)
    assert shop.products() == {"ink": INK, "paper": PAPER, "pen": pen}
    assert shop.encoded == [embedding_text(pen)]
    (logged,) = shop.log.changes
    assert logged.vector is not None
    np.testing.assert_array_equal(logged.vector, embedding(embedding_text(pen)))
    np.testing.assert_array_equal(shop.overlay.vectors, [logged.vector])
    assert shop.words.texts[-1] == "Blue pen"


def test_another_price_keeps_the_row_and_embeds_nothing(shop: Shop) -> None:
    patch = ProductPatch(
        product("ink", "", price=Money("EUR", Decimal(7)), availability=Availability.IN_STOCK),
        ("price", "availability"),
    )

    write(shop, patch)

    now = shop.products()["ink"]
    assert (now.title, now.price, now.availability) == (INK.title, Money("EUR", Decimal(7)), "in_stock")
    assert shop.catalog.row_of("ink") == 0
    assert not shop.encoded
    assert shop.log.changes[0].vector is None


def test_new_words_take_a_slot_and_the_old_row_is_dead(shop: Shop) -> None:
    write(shop, ProductPatch(product("ink", "Cyan ink"), ("title",)))

    assert shop.catalog.row_of("ink") == 2
    assert shop.overlay.alive.tolist() == [False, True, True]
    assert shop.products()["ink"].title == "Cyan ink"
    assert shop.overlay.now(np.array([0, 1])).tolist() == [2, 1]


def test_words_that_the_embedding_does_not_read_are_not_embedded_again(shop: Shop) -> None:
    write(shop, ProductPatch(product("ink", "", attributes={"color": "noir"}), ("attributes.color",)))

    assert shop.catalog.row_of("ink") == 2
    assert not shop.encoded
    np.testing.assert_array_equal(shop.overlay.vectors[0], embedding(embedding_text(INK)))


def test_an_embedding_of_ones_own_is_taken_at_length_1(shop: Shop) -> None:
    write(shop, ProductUpsert(product("pen", "Pen"), np.full(DIMENSION, 3e38, np.float32)))

    assert not shop.encoded
    np.testing.assert_allclose(shop.overlay.vectors, np.full((1, DIMENSION), DIMENSION**-0.5), rtol=1e-6)


def test_a_deleted_product_is_nowhere_and_can_come_back(shop: Shop) -> None:
    write(shop, ProductDeletion(ProductId("ink")))

    assert shop.products() == {"paper": PAPER}
    assert shop.catalog.row_of("ink") is None
    assert shop.overlay.now(np.array([0, 1])).tolist() == [1]

    write(shop, ProductUpsert(INK))

    assert shop.products() == {"paper": PAPER, "ink": INK}
    assert shop.overlay.now(np.array([0])).tolist() == [2]


def test_changes_of_one_request_are_made_in_their_order(shop: Shop) -> None:
    pen = product("pen", "Pen")

    result = write(
        shop,
        ProductUpsert(pen),
        ProductPatch(product("pen", "", price=Money("EUR", Decimal(2))), ("price",)),
        ProductDeletion(ProductId("paper")),
        ProductPatch(product("paper", "More paper"), ("title",)),
    )

    assert [outcome.sequence for outcome in result.outcomes] == [1, 2, 3, 0]
    assert result.outcomes[3].reason == "NOT_FOUND"
    assert shop.products()["pen"].price == Money("EUR", Decimal(2))
    assert "paper" not in shop.products()
    assert shop.encoded.count(embedding_text(pen)) == 1
    assert all(change.vector is not None for change in shop.log.changes[:2])


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        (ProductUpsert(product("p q", "Pen")), "INVALID_ARGUMENT", "product.id"),
        (ProductUpsert(product("", "Pen")), "INVALID_ARGUMENT", "product.id"),
        (ProductUpsert(product("pen", " ")), "INVALID_ARGUMENT", "product.title"),
        (ProductUpsert(product("pen", "x" * 1_001)), "INVALID_ARGUMENT", "product.title"),
        (ProductUpsert(product("pen", "\ud800")), "INVALID_ARGUMENT", "product.title"),
        (
            ProductUpsert(product("pen", "P", description="x" * 20_001)),
            "INVALID_ARGUMENT",
            "product.description",
        ),
        (ProductUpsert(product("pen", "P", category=("",))), "INVALID_ARGUMENT", "product.category_path"),
        (
            ProductUpsert(product("pen", "P", price=Money("euro", Decimal(1)))),
            "INVALID_ARGUMENT",
            "product.price.currency_code",
        ),
        (
            ProductUpsert(product("pen", "P", price=Money("EUR", Decimal(-1)))),
            "INVALID_ARGUMENT",
            "product.price",
        ),
        (
            ProductUpsert(product("pen", "P", attributes={"a": float("nan")})),
            "INVALID_ARGUMENT",
            "product.attributes",
        ),
        (ProductUpsert(product("pen", "Pen"), np.ones(3, np.float32)), "INVALID_ARGUMENT", "embedding"),
        (
            ProductUpsert(product("pen", "Pen"), np.zeros(DIMENSION, np.float32)),
            "INVALID_ARGUMENT",
            "embedding",
        ),
        (ProductPatch(product("pen", "Pen"), ("title",)), "NOT_FOUND", ""),
        (ProductPatch(product("ink", "Pen"), ()), "INVALID_ARGUMENT", "update_mask"),
        (ProductPatch(product("ink", "Pen"), ("colour",)), "INVALID_ARGUMENT", "update_mask"),
        (ProductPatch(product("ink", ""), ("title",)), "INVALID_ARGUMENT", "product.title"),
        (ProductDeletion(ProductId("pen")), "NOT_FOUND", ""),
    ],
)
def test_what_is_wrong_is_refused_in_a_sentence(
    shop: Shop, change: ProductChange, reason: str, field: str
) -> None:
    outcome = refused(shop, change)

    assert (outcome.reason, outcome.field) == (reason, field)
    assert outcome.message.endswith(".")


def test_one_wrong_change_does_not_keep_the_others_from_being_made(shop: Shop) -> None:
    outcomes = write(shop, ProductUpsert(product("", "?")), ProductUpsert(product("pen", "Pen"))).outcomes

    assert [outcome.sequence for outcome in outcomes] == [0, 1]
    assert "pen" in shop.products()


def test_a_request_that_is_sent_again_changes_nothing_and_is_answered_the_same(shop: Shop) -> None:
    change = ProductUpsert(product("pen", "Pen"))
    first = write(shop, change, ProductDeletion(ProductId("none")), request_id="r1")
    write(shop, ProductDeletion(ProductId("pen")))

    again = write(shop, change, ProductDeletion(ProductId("none")), request_id="r1")

    assert (again.outcomes, again.repeated, first.repeated) == (first.outcomes, True, False)
    assert again.sequence == 2
    assert "pen" not in shop.products()


def test_a_log_that_cannot_write_leaves_searches_as_they_were(shop: Shop) -> None:
    shop.log.failure = StorageFullError(Path("live"), "no space is left")

    with pytest.raises(StorageFullError):
        write(shop, ProductUpsert(product("pen", "Pen")))

    assert not shop.overlays
    shop.log.failure = None
    assert write(shop, ProductUpsert(product("pen", "Pen"))).outcomes[0].sequence == 1


def test_no_more_products_with_new_words_than_there_is_room_for() -> None:
    shop = Shop([INK], most_slots=1)

    outcomes = write(
        shop,
        ProductUpsert(product("pen", "Pen")),
        ProductUpsert(product("cup", "Cup")),
        ProductPatch(product("ink", "", price=None), ("price",)),
    ).outcomes

    assert [outcome.sequence for outcome in outcomes] == [1, 0, 2]
    assert outcomes[1].reason == "OVERLOADED"
    assert "build a generation" in outcomes[1].message


def test_embeddings_of_an_encoder_that_was_swapped_meanwhile_are_made_again(shop: Shop) -> None:
    """The generation that serves when the commit comes is another than when the call came."""
    pen = product("pen", "Pen")
    shop.live.fingerprint = "another"
    before = Shop([INK, PAPER], log=shop.log)

    shop.writer.write(ChangeRequest([ProductUpsert(pen)]), Deadline.none(), before.live)

    assert before.encoded == shop.encoded == [embedding_text(pen)]
    assert shop.log.changes[0].encoder == "another"


def test_callers_who_come_during_a_commit_share_the_next_one(shop: Shop) -> None:
    """The first commit is held until seven callers wait behind it."""
    entered, go_on = threading.Event(), threading.Event()
    commit = shop.log.commit

    def held(requests: object) -> None:
        entered.set()
        assert go_on.wait(10)
        commit(requests)  # type: ignore[arg-type]  # passed through

    shop.log.commit = held  # type: ignore[method-assign]
    first = threading.Thread(target=write, args=(shop, ProductUpsert(product("p0", "Pen"))))
    first.start()
    assert entered.wait(10)
    others = [
        threading.Thread(target=write, args=(shop, ProductUpsert(product(f"p{i}", f"Pen {i}"))))
        for i in range(1, 8)
    ]
    for each in others:
        each.start()
    while shop.writer.waiting < 7:
        threading.Event().wait(0.01)
    go_on.set()
    for each in (first, *others):
        each.join(10)

    assert shop.log.commits == 2
    assert {f"p{i}" for i in range(8)} <= shop.products().keys()


def test_commits_tell_their_seconds_and_the_writer_how_full_it_is(shop: Shop) -> None:
    before = shop.writer.status(shop.live)
    write(shop, ProductUpsert(product("pen", "Blue pen")))
    write(shop, ProductDeletion(ProductId("paper")))

    after = shop.writer.status(shop.live)
    assert (before.sequence, before.slots, before.log_bytes) == (0, 0, 0)
    assert (after.sequence, after.slots, after.most_slots) == (2, 1, 1_000)
    assert after.log_bytes == shop.log.size_bytes > 0
    assert [requests for requests, _ in shop.told] == [1, 1]
    assert all(0 < seconds < 10 for _, seconds in shop.told)
