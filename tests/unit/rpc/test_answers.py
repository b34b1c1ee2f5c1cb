from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from cartograph.v1 import product_pb2
from engine.deadline import Deadline
from engine.request import SearchRequest
from engine.rpc.convert import generations, products, results
from engine.rpc.convert.products import View
from engine.types import Availability, Money, Product, ProductId
from tests.rpc.fake_engine import CARTRIDGE, CHAIR, NEW, FakeEngine


def unset(message: Message, path: str = "") -> Iterator[str]:
    """Fields with their default value, through all messages inside that are the contract's own."""
    for field in message.DESCRIPTOR.fields:
        name, value, inner = f"{path}{field.name}", getattr(message, field.name), field.message_type
        ours = inner is not None and inner.full_name.startswith("cartograph.")
        is_map = inner is not None and inner.GetOptions().map_entry
        if field.is_repeated:
            present, inside = bool(value), value if ours and not is_map else ()
        elif inner is not None:
            present, inside = message.HasField(field.name), (value,) if ours else ()
        else:
            present, inside = value != field.default_value, ()
        if not present:
            yield name
            continue
        for item in inside:
            yield from unset(item, f"{name}.")


def test_every_field_of_a_search_answer_is_written() -> None:
    request = SearchRequest("black", facet_keys=("brand",), explain=True)
    message = results.response(FakeEngine().search(request, Deadline.none()), View.FULL)

    # Empty on the last page; false for what was searched.
    assert set(unset(message)) == {"next_page_token", "cached"}


def test_every_field_of_a_generation_and_a_status_is_written() -> None:
    status = generations.serving_status(FakeEngine().status(), inflight=3, engine_version="1")

    assert set(unset(status)) == set()


def test_a_bare_product_leaves_unset_what_the_catalogue_does_not_say() -> None:
    message = products.product(CHAIR, View.FULL)

    assert set(unset(message)) == {
        "description",
        "category_path",
        "price",
        "availability",
        "image_uri",
        "release_time",
        "attributes",
    }


def test_views_carry_as_much_as_they_promise() -> None:
    assert set(unset(products.product(CARTRIDGE, View.FULL))) == set()
    assert set(unset(products.product(CARTRIDGE, View.BASIC))) == {"description", "attributes"}
    assert products.product(CARTRIDGE, View.ID) == type(products.product(CARTRIDGE, View.ID))(id="c-1")


@pytest.mark.parametrize(
    ("amount", "units", "nanos"),
    [
        ("19.99", 19, 990_000_000),
        ("-1.75", -1, -750_000_000),
        ("0.0000000005", 0, 0),  # half a billionth, to even
        ("0.9999999999", 1, 0),  # carries
        ("12345678901234567.123456789", 12345678901234567, 123_456_789),
    ],
)
def test_money_is_units_and_billionths(amount: str, units: int, nanos: int) -> None:
    message = products.money(Money("EUR", Decimal(amount)))

    assert (message.units, message.nanos, message.currency_code) == (units, nanos, "EUR")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=9))
def test_an_amount_of_nine_places_survives(amount: Decimal) -> None:
    message = products.money(Money("EUR", amount))

    assert products.amount(message) == amount
    assert message.units * message.nanos >= 0  # one sign


@given(st.dates())
def test_a_release_day_is_midnight_utc(day: date) -> None:
    assert products.midnight(day).ToDatetime(UTC) == datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_true_is_a_boolean_and_not_the_number_1() -> None:
    assert products.attribute(True).WhichOneof("kind") == "boolean"
    assert products.attribute(1.0).WhichOneof("kind") == "number"
    assert products.attribute(()).WhichOneof("kind") == "texts"


@pytest.mark.parametrize("availability", list(Availability))
def test_every_availability_has_its_value_in_the_contract(availability: Availability) -> None:
    product = Product(ProductId("x"), "x", availability=availability)

    message = products.product(product, View.BASIC)

    name = product_pb2.Availability.Name(message.availability)
    assert name == f"AVAILABILITY_{availability.upper()}".replace("UNKNOWN", "UNSPECIFIED")


def test_a_generation_keeps_its_time_and_figures() -> None:
    message = generations.generation(NEW)

    assert message.create_time.ToDatetime(UTC) == NEW.created
    assert dict(message.evaluation) == {"ndcg@10": 0.8}
