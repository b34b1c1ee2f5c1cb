from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine.types import Availability, Money
from index_builder.quality.fields import read_availability, read_category, read_date, read_id, read_image_uri
from index_builder.quality.prices import read_price
from index_builder.quality.verdicts import RejectedRowError
from index_builder.sources.mapping import Price, PriceUnit
from index_builder.sources.rows import Problem


class Warnings(list[Problem]):
    def __call__(self, code: Problem, message: str) -> None:
        assert message
        self.append(code)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        (19.9, "19.90"),
        (20, "20.00"),
        (Decimal("19.999"), "19.999"),
        ("19.90", "19.90"),
        ("19,90", "19.90"),
        ("1,299.00", "1299.00"),
        ("1.299,00", "1299.00"),
        ("1,299", "1299.00"),
        ("1.299.000", "1299000.00"),
        ("1 299,5", "1299.50"),
        ("1'299.50", "1299.50"),
        ("1e3", "1000.00"),
        (0.1 + 0.2, "0.30"),  # 0.30000000000000004
    ],
)
def test_a_price_is_read_as_shops_write_it(written: object, amount: str) -> None:
    price = read_price(written, "EUR", Price(), Warnings())

    assert price is not None
    assert str(price.amount) == amount


@pytest.mark.parametrize(
    ("written", "currency", "money"),
    [
        ("€19.90", None, Money("EUR", Decimal("19.90"))),
        ("19,90 €", None, Money("EUR", Decimal("19.90"))),
        ("USD 5", None, Money("USD", Decimal("5.00"))),
        ("5", "gbp", Money("GBP", Decimal("5.00"))),
        ({"amount": "5", "currency_code": "CHF"}, None, Money("CHF", Decimal("5.00"))),
        (5, None, Money("SEK", Decimal("5.00"))),  # the mapping's
    ],
)
def test_the_currency_may_stand_in_its_field_or_beside_the_amount(
    written: object, currency: str | None, money: Money
) -> None:
    assert read_price(written, currency, Price(currency="SEK"), Warnings()) == money


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (-1, "negative"),
        ("-3.50", "negative"),
        ("- 3.50 €", "negative"),
        (10_000_001, "above 10,000,000"),
        (float("nan"), "not a finite number"),
        ("Infinity", "not a finite number"),
        ("call us", "not a number"),
        ("1.50 - 2.00", "not a number"),
        (True, "not a number"),
        ([1], "not a number"),
        pytest.param(10**5000, "not a number", id="5001 digits"),
    ],
)
def test_an_impossible_price_refuses_the_row(written: object, reason: str) -> None:
    with pytest.raises(RejectedRowError, match=reason) as caught:
        read_price(written, "EUR", Price(), Warnings())

    assert caught.value.code is Problem.BAD_PRICE


def test_the_highest_credible_price_is_itself_credible_and_can_be_raised() -> None:
    rules = Price(maximum=Decimal(30_000_000))

    assert read_price(10_000_000, "EUR", Price(), Warnings()) == Money("EUR", Decimal("10000000.00"))
    assert read_price(25_000_000, "VND", rules, Warnings()) == Money("VND", Decimal("25000000.00"))


def test_a_price_of_zero_is_unknown_and_an_unknown_currency_is_marked() -> None:
    warnings = Warnings()

    assert read_price(0, "EUR", Price(), warnings) is None
    assert read_price(5, "pounds", Price(), warnings) == Money("XXX", Decimal("5.00"))
    assert warnings == [Problem.ZERO_PRICE, Problem.UNKNOWN_CURRENCY]


def test_cents_are_divided_by_a_hundred_before_they_are_judged() -> None:
    cents = Price(unit=PriceUnit.CENTS)

    assert read_price("4995", "EUR", cents, Warnings()) == Money("EUR", Decimal("49.95"))
    assert read_price(1_000_000_000, "EUR", cents, Warnings()) == Money("EUR", Decimal("10000000.00"))


@pytest.mark.parametrize(
    ("written", "name"), [(" a-1 ", "a-1"), (17, "17"), (17.0, "17"), ("007", "007"), ("货号1", "货号1")]
)
def test_an_id_stays_as_the_shop_wrote_it(written: object, name: str) -> None:
    assert read_id(written) == name


@pytest.mark.parametrize(
    "written",
    [
        "a b",
        "a\x00b",
        "a\u200bb",
        "\ud800",
        "x" * 129,
        True,
        1.5,
        ["a"],
        pytest.param(10**5000, id="5001 digits"),
    ],
)
def test_a_broken_id_refuses_the_row(written: object) -> None:
    with pytest.raises(RejectedRowError) as caught:
        read_id(written)

    assert caught.value.code is Problem.BROKEN_ID


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("In Stock", Availability.IN_STOCK),
        ("https://schema.org/InStock", Availability.IN_STOCK),
        ("out_of_stock", Availability.OUT_OF_STOCK),
        ("Pre-Order", Availability.PREORDER),
        (True, Availability.IN_STOCK),
        (12, Availability.IN_STOCK),
        ("0", Availability.OUT_OF_STOCK),
        (None, Availability.UNKNOWN),
    ],
)
def test_availability_is_understood_as_words_addresses_or_pieces(
    written: object, state: Availability
) -> None:
    warnings = Warnings()

    assert read_availability(written, warnings) is state
    assert not warnings


@pytest.mark.parametrize("written", ["soonish", -1, float("nan"), [1], "1e999999"])
def test_an_availability_that_is_not_understood_is_unknown_with_a_warning(written: object) -> None:
    warnings = Warnings()

    known = read_availability(written, warnings)

    assert (known, list(warnings)) in [
        (Availability.UNKNOWN, [Problem.BAD_AVAILABILITY]),
        (Availability.IN_STOCK, []),  # 1e999999 pieces are many pieces
    ]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2021-12-24", date(2021, 12, 24)),
        ("2021-12-24T10:00:00Z", date(2021, 12, 24)),
        ("20211224", date(2021, 12, 24)),
        ("2021/2/3", date(2021, 2, 3)),
        ("2021-02", date(2021, 2, 1)),
        ("2021", date(2021, 1, 1)),
        (2021, date(2021, 1, 1)),
        ("24.12.2021", date(2021, 12, 24)),  # by the mapping's format
        (datetime(2021, 12, 24, 23, tzinfo=UTC), date(2021, 12, 24)),
    ],
)
def test_dates_are_read_in_iso_8601_or_the_mappings_formats(written: object, day: date) -> None:
    assert read_date(written, ["%d.%m.%Y"], Warnings()) == day


@pytest.mark.parametrize("written", ["soon", "2021-02-30", "0001-01-01", "31.12.21", 3.5, ["2021"], "9999"])
def test_a_bad_date_is_left_out_with_a_warning(written: object) -> None:
    warnings = Warnings()

    assert read_date(written, [], warnings) is None
    assert warnings == [Problem.BAD_DATE]


def test_a_category_is_a_list_or_a_text_to_cut_and_of_several_paths_the_first() -> None:
    warnings = Warnings()

    assert read_category(["Home", " Light "], ">", warnings) == ("Home", "Light")
    assert read_category("Home > Light &amp; Lamps", ">", warnings) == ("Home", "Light & Lamps")
    assert read_category(None, ">", warnings) == ()
    assert not warnings
    assert read_category(["A > B", "C > D"], ">", warnings) == ("A", "B")
    assert warnings == [Problem.SEVERAL_CATEGORIES]


@pytest.mark.parametrize(
    "uri", ["https://a.example/x.jpg", "//a.example/x.jpg", "/x.jpg", "images/x.jpg", "x.jpg"]
)
def test_image_addresses_of_the_web_or_the_shop_are_kept(uri: str) -> None:
    assert read_image_uri([uri, "second.jpg"], Warnings()) == uri


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "data:image/png;base64,AAAA", "two words.jpg", 7])
def test_other_image_addresses_are_left_out(uri: object) -> None:
    warnings = Warnings()

    assert read_image_uri(uri, warnings) == ""
    assert warnings == [Problem.BAD_IMAGE_URI]
