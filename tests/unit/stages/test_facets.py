from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidArgumentError, UnknownFieldError
from engine.stages.facets import (
    MAX_KEYS,
    RANGES,
    Facet,
    FacetRange,
    FacetValue,
    check_facet_keys,
    count_facets,
    count_ranges,
)
from engine.stages.filtering import Columns, parse_filter
from engine.text import normalise
from engine.types import Money, Product, ProductId, RowArray
from tests.shelf import SHELF, shelves
from tests.unit.stages.conftest import ColumnsOf

ALL = np.arange(len(SHELF))


class FacetOf(Protocol):
    def __call__(self, key: str, rows: RowArray = ALL) -> Facet: ...


@pytest.fixture(scope="module")
def facet(columns: Columns) -> FacetOf:
    return lambda key, rows=ALL: count_facets(columns, [key], rows)[0]


def test_text_counts_candidates_in_the_most_frequent_spelling(columns_of: ColumnsOf) -> None:
    products = [
        Product(ProductId(str(row)), "x", brand=brand)
        for row, brand in enumerate(["HP", "hp", "HP", "Acme", ""])
    ]

    (found,) = count_facets(columns_of(products), ["brand"], np.arange(5))

    assert found == Facet("brand", (FacetValue("HP", 3), FacetValue("Acme", 1)), missing_count=1)


def test_only_the_candidates_count(facet: FacetOf) -> None:
    assert facet("brand", np.array([3, 2])) == Facet("brand", (FacetValue("Acme", 1),), missing_count=1)
    assert facet("brand", np.array([], np.int64)) == Facet("brand")


def test_a_list_counts_once_for_each_of_its_values(facet: FacetOf) -> None:
    assert facet("attributes.color").values == (
        FacetValue("Black", 2),
        FacetValue("Dark brown", 1),
        FacetValue("Steel grey", 1),
    )


def test_a_category_counts_at_every_level_and_its_value_fits_a_filter(
    columns: Columns, facet: FacetOf
) -> None:
    values = facet("category").values

    assert values[:2] == (FacetValue("Kitchen", 2), FacetValue("Grocery", 1))
    assert FacetValue("Kitchen > Coffee > Grinders", 1) in values
    for value in values:
        assert parse_filter(f'category = "{value.value}"', columns).mask(columns).sum() == value.count


def test_booleans_count_true_and_false(facet: FacetOf) -> None:
    assert facet("attributes.cordless") == Facet(
        "attributes.cordless", (FacetValue("false", 1), FacetValue("true", 1)), missing_count=2
    )


def test_facets_come_in_the_order_of_their_keys_and_are_cut_at_the_limit(columns: Columns) -> None:
    found = count_facets(columns, ["price", "currency"], ALL, limit=1)

    assert [one.key for one in found] == ["price", "currency"]
    assert found[1].values == (FacetValue("EUR", 2),)


def test_prices_fall_into_ranges_with_round_bounds_between_least_and_greatest() -> None:
    values = np.array([1.07, 3.2, 4.9, 18, 21.5, 47, 52.25, 103, 888, 4321.5])

    ranges = count_ranges(values)

    # A fifth is two values; 4.9, 21.5, 52.25 and 888 start the later fifths and round to one digit.
    assert ranges == (
        FacetRange(1.07, 5.0, 3),
        FacetRange(5.0, 20.0, 1),
        FacetRange(20.0, 50.0, 2),
        FacetRange(50.0, 900.0, 3),
        FacetRange(900.0, 4321.5, 1),
    )


def test_values_close_together_get_as_many_digits_as_keep_them_apart() -> None:
    bounds = [found.lower for found in count_ranges(np.array([1001.0, 1002, 1003, 1004, 1005]))]

    assert bounds == [1001, 1002, 1003, 1004, 1005]


def test_one_value_alone_is_one_range() -> None:
    assert count_ranges(np.array([7.0, 7.0])) == (FacetRange(7.0, 7.0, 2),)
    assert count_ranges(np.array([])) == ()


@given(st.lists(st.floats(-1e12, 1e12).filter(lambda x: x == 0 or abs(x) > 1e-12), min_size=1))
def test_every_value_lies_in_exactly_one_range(numbers: list[float]) -> None:
    ranges = count_ranges(np.array(numbers))

    assert 1 <= len(ranges) <= RANGES
    assert (ranges[0].lower, ranges[-1].upper) == (min(numbers), max(numbers))
    for place, found in enumerate(ranges):
        last = place == len(ranges) - 1
        assert found.count == sum(
            found.lower <= x < found.upper or (last and x == found.upper) for x in numbers
        )
    assert sum(found.count for found in ranges) == len(numbers)


@settings(deadline=None)
@given(shelves(), st.data())
def test_text_counts_are_those_of_a_counter(
    columns_of: ColumnsOf, shelf: tuple[Product, ...], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.integers(0, len(shelf) - 1), unique=True))
    expected: Counter[str] = Counter()
    missing = 0
    for row in rows:
        color = shelf[row].attributes.get("color", ())
        texts = {normalise(text) for text in ((color,) if isinstance(color, str) else color)} - {""}  # type: ignore[union-attr]  # the strategy makes no numbers here
        expected.update(texts)
        missing += not texts

    (found,) = count_facets(columns_of(shelf), ["attributes.color"], np.array(rows, np.int64))

    by_count_then_value = sorted(expected.items(), key=lambda item: (-item[1], item[0]))
    assert [(normalise(value.value), value.count) for value in found.values] == by_count_then_value
    assert found.missing_count == missing


def test_counting_a_few_of_many_candidates_equals_counting_them_one_by_one(columns_of: ColumnsOf) -> None:
    products = [
        Product(
            ProductId(str(row)),
            "x",
            price=Money("EUR", Decimal(row)) if row % 3 else None,
            attributes={"tag": ("even" if row % 2 == 0 else "odd", f"mod7 {row % 7}")} if row % 5 else {},
        )
        for row in range(2_000)
    ]
    columns, rows = columns_of(products), np.array([1999, 4, 10, 7, 28])

    tags, prices = count_facets(columns, ["attributes.tag", "price"], rows)

    # 10 has no tag (10 % 5 = 0); of 1999, 4, 7, 28 two are even; 7 % 7 = 28 % 7 = 0, 1999 % 7 = 4 = 4 % 7.
    assert {value.value: value.count for value in tags.values} == {
        "even": 2,
        "odd": 2,
        "mod7 0": 2,
        "mod7 4": 2,
    }
    assert tags.missing_count == 1
    assert prices.missing_count == 0
    assert (prices.ranges[0].lower, prices.ranges[-1].upper) == (4, 1999)


def test_unknown_keys_and_fields_that_differ_on_every_product_are_refused(facet: FacetOf) -> None:
    with pytest.raises(UnknownFieldError, match="Did you mean brand") as unknown:
        facet("brandd")
    with pytest.raises(InvalidArgumentError, match="title, whose values are not counted") as uncounted:
        facet("title")

    assert unknown.value.field == uncounted.value.field == "facet_keys"


def test_keys_can_be_checked_before_the_search_and_are_limited(columns: Columns) -> None:
    assert len(check_facet_keys(columns, ["brand"] * MAX_KEYS)) == MAX_KEYS
    with pytest.raises(InvalidArgumentError, match="at most 20"):
        check_facet_keys(columns, ["brand"] * (MAX_KEYS + 1))
