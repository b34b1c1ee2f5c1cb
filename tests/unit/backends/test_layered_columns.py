"""Live changes over a generation give what a catalogue built of the final products gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.column_tables import column_tables
from engine.backends.columns import ColumnStore
from engine.backends.layered_columns import LayeredColumns
from engine.backends.live_columns import LiveColumns
from engine.errors import UnknownFieldError
from engine.stages.columns import Columns, Part
from engine.stages.facets import Facet, FacetValue, count_facets
from engine.stages.filtering import parse_filter
from engine.stages.filtering.nodes import Node
from engine.stages.order import order_rows, parse_order_by
from engine.text import normalise
from engine.types import AttributeValue, Mask, Money, Product, ProductId, RowArray
from tests.shelf import BEANS, GRINDER, KETTLE, MYSTERY, SHELF, columns_of, shelves
from tests.unit.stages.filtering.test_filter import NODES, text_of

ATTRIBUTES = ("color", "weight_kg", "cordless", "size", "max speed")
COUNTED = ("brand", "category", "price", "currency", "availability")
FACETS = (*COUNTED, *(f"attributes.{key}" for key in ATTRIBUTES))
ORDERS = ("title", "title desc", "price desc, title", 'attributes."max speed", title', "date_released")


def layered(base: Sequence[Product], live: Sequence[tuple[int, Product]], size: int) -> LayeredColumns:
    store = columns_of(base)
    rows = np.array([row for row, _ in live], np.int64)
    return LayeredColumns(store, LiveColumns([product for _, product in live], store.kinds), rows, size)


@dataclass(frozen=True)
class Changed:
    """A base, live entries by row, and rows whose products are gone. `final` has what is left, by row."""

    base: tuple[Product, ...]
    live: tuple[tuple[int, Product], ...]
    gone: frozenset[int]
    size: int

    @property
    def columns(self) -> LayeredColumns:
        return layered(self.base, self.live, self.size)

    @property
    def final(self) -> dict[int, Product]:
        rows = {**dict(enumerate(self.base)), **dict(self.live)}
        return {row: product for row, product in sorted(rows.items()) if row not in self.gone}

    @property
    def oracle(self) -> ColumnStore:
        """A plain store of the final products, in the order of their rows; fields keep their kinds."""
        products = list(self.final.values())
        return ColumnStore(column_tables(products, kinds=columns_of(self.base).kinds), len(products))


@st.composite
def changes(draw: st.DrawFn) -> Changed:
    """Live are KETTLE, GRINDER and up to eight more, so that every field of SHELF is there. Some attributes
    are new to the base. Any row of the base may change or go, and slots may stay empty.
    """
    new = draw(st.sets(st.sampled_from(ATTRIBUTES)))
    base = tuple(
        replace(product, attributes={k: v for k, v in product.attributes.items() if k not in new})
        for product in draw(shelves())
    )
    arriving = draw(shelves())
    size = len(base) + len(arriving) + draw(st.integers(0, 3))
    rows = draw(st.permutations(range(size)))[: len(arriving)]
    gone = draw(st.sets(st.integers(0, len(base) - 1))) - set(rows)
    return Changed(base, tuple(zip(rows, arriving, strict=True)), frozenset(gone), size)


@settings(max_examples=100, deadline=None)
@given(changes(), st.lists(NODES, min_size=1, max_size=3))
def test_filters_keep_the_rows_that_a_store_of_the_final_products_keeps(
    changed: Changed, nodes: list[Node]
) -> None:
    columns, oracle, rows = changed.columns, changed.oracle, np.array([*changed.final])

    for text in map(text_of, nodes):
        mask = parse_filter(text, columns).mask(columns).copy()
        mask[list(changed.gone)] = False  # for whoever searches, tombstones do that

        expected = rows[parse_filter(text, oracle).mask(oracle)]
        assert np.flatnonzero(mask).tolist() == expected.tolist()


def spelled(facet: Facet) -> Facet:
    """Which spelling is the most frequent stays the base's choice."""
    values = (FacetValue(normalise(value.value), value.count) for value in facet.values)
    return replace(facet, values=tuple(values))


@settings(max_examples=100, deadline=None)
@given(changes(), st.data())
def test_facets_count_what_a_store_of_the_final_products_counts(
    changed: Changed, data: st.DataObject
) -> None:
    rows = np.array([*changed.final])
    places = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), unique=True)), np.int64)

    found = count_facets(changed.columns, FACETS, rows[places], limit=3)

    expected = count_facets(changed.oracle, FACETS, places, limit=3)
    assert [spelled(facet) for facet in found] == [spelled(facet) for facet in expected]


@settings(max_examples=100, deadline=None)
@given(changes(), st.sampled_from(ORDERS), st.data())
def test_orders_are_those_of_a_store_of_the_final_products(
    changed: Changed, order: str, data: st.DataObject
) -> None:
    columns, oracle, rows = changed.columns, changed.oracle, np.array([*changed.final])
    places = np.array(data.draw(st.permutations(range(len(rows)))))
    scores = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(rows), max_size=len(rows)))
    )

    found = order_rows(parse_order_by(order, columns), columns, rows[places], scores)

    assert found.tolist() == order_rows(parse_order_by(order, oracle), oracle, places, scores).tolist()


@settings(max_examples=100, deadline=None)
@given(changes())
def test_brands_are_those_of_a_store_of_the_final_products(changed: Changed) -> None:
    brand, expected = changed.columns.field("brand"), changed.oracle.field("brand")
    assert brand is not None
    assert expected is not None

    found = brand.first_labels(np.array([*changed.final]))

    labels = expected.first_labels(np.arange(len(changed.final)))
    assert [normalise(label) for label in found] == [normalise(label) for label in labels]
    of_text: dict[str, str] = {}
    assert all(of_text.setdefault(normalise(label), label) == label for label in found)  # one spelling each


def having(product: Product, **attributes: AttributeValue) -> Product:
    return replace(product, attributes=attributes)


def kept(columns: Columns, text: str) -> list[int]:
    return np.flatnonzero(parse_filter(text, columns).mask(columns)).tolist()


def test_rows_of_no_product_pass_no_filter_and_have_no_value() -> None:
    columns = layered(SHELF, [(6, BEANS)], size=8)  # slots 4, 5 and 7 are empty

    assert len(columns) == 8
    assert kept(columns, "NOT price < 0") == kept(columns, "") == [0, 1, 2, 3, 6]
    assert count_facets(columns, ["currency"], np.array([4, 5, 6, 7]))[0] == Facet(
        "currency", (FacetValue("USD", 1),), missing_count=3
    )


def test_a_text_that_the_base_has_keeps_its_spelling_there_and_a_new_one_has_its_own() -> None:
    columns = layered(SHELF, [(0, replace(KETTLE, brand="ACME")), (4, replace(BEANS, brand="Bru"))], size=5)

    (found,) = count_facets(columns, ["brand"], np.arange(5))

    assert found.values == (FacetValue("Acme", 2), FacetValue("Bru", 1), FacetValue("HEARTHLINE", 1))
    brand = columns.field("brand")
    assert brand is not None
    assert brand.first_labels(np.array([4, 3, 0])) == ["Bru", "", "Acme"]


def test_a_field_of_live_products_alone_can_be_filtered_counted_and_sorted_by() -> None:
    columns = layered(
        SHELF, [(1, having(GRINDER, watts=150.0)), (4, having(BEANS, watts=20.0, vegan=True))], size=5
    )

    assert "attributes.watts" in columns.names()
    assert list(columns.names()) == sorted(columns.names())
    assert kept(columns, "attributes.watts > 100") == [1]
    assert kept(columns, "NOT attributes.watts > 100") == [0, 2, 3, 4]
    assert kept(columns, "attributes.vegan:*") == [4]
    assert count_facets(columns, ["attributes.vegan"], np.arange(5))[0].missing_count == 4
    permutation = order_rows(parse_order_by("attributes.watts", columns), columns, np.arange(5), np.zeros(5))
    assert permutation.tolist() == [4, 1, 0, 2, 3]


def test_a_field_whose_last_product_was_changed_is_still_known_but_empty() -> None:
    columns = layered(SHELF, [(0, replace(KETTLE, attributes={}))], size=4)

    assert kept(columns, 'attributes."max speed":*') == []
    with pytest.raises(UnknownFieldError, match=r"Did you mean attributes\.color"):
        kept(columns, "attributes.colour:*")


def test_a_value_of_another_kind_than_the_bases_is_left_out_and_a_text_field_takes_all() -> None:
    live = having(BEANS, weight_kg="heavy", cordless=1.0, color=4.0, size=True)
    columns = layered(SHELF, [(2, live)], size=4)

    assert kept(columns, "attributes.weight_kg:*") == kept(columns, "attributes.cordless:*") == [0, 1]
    assert kept(columns, "attributes.color = 4") == kept(columns, "attributes.size = true") == [2]


def test_a_mask_is_new_for_every_snapshot_while_the_bases_part_is_worked_out_once() -> None:
    asked: list[int] = []

    def holds(part: Part) -> Mask:
        asked.append(len(part))
        return np.ones(len(part), np.bool_)

    base = ColumnStore(column_tables(SHELF), 4, remembered_masks=1)
    live = LiveColumns([BEANS], base.kinds)
    first, second = (LayeredColumns(base, live, np.array([row]), 6) for row in (4, 5))

    assert first.mask("all", holds).tolist() == [True] * 5 + [False]
    assert second.mask("all", holds).tolist() == [True] * 4 + [False, True]
    assert asked == [4, 1, 1]
    second.mask("another", holds)
    first.mask("all", holds)
    assert asked == [4, 1, 1, 4, 1, 4, 1]  # "another" took the one place


def test_a_remembered_mask_can_not_be_changed_by_who_gets_it() -> None:
    base = ColumnStore(column_tables(SHELF), 4, remembered_masks=1)

    mask = parse_filter("price:*", base).mask(base)

    with pytest.raises(ValueError, match="read-only"):
        mask[0] = False


def test_places_of_many_texts_between_two_of_the_base_stay_apart_and_have_their_labels() -> None:
    def titled(title: str) -> Product:
        return Product(ProductId(title), "x", brand=title, price=Money("EUR", Decimal(1)))

    base = [titled(f"B{number:05}") for number in range(1_000)]
    live = [titled(f"b00500 {number:04}") for number in range(3_000)] + [titled("a"), titled("z")]
    columns = layered(base, [(1_000 + at, product) for at, product in enumerate(live)], size=4_002)
    brand = columns.field("brand")
    assert brand is not None

    places = brand.first_values(np.arange(4_002))

    order = [normalise(product.brand) for product in (*base, *live)]
    assert [order[row] for row in np.argsort(places)] == sorted(order)
    assert [brand.label(place) for place in places] == [product.brand for product in (*base, *live)]


@pytest.mark.parametrize(
    ("rows", "size", "problem"),
    [
        ([2], 4, "2 live entries for 1 rows"),
        ([1, 1], 4, "two live entries stand at one row"),
        ([1, 4], 4, "live rows"),
        ([-1, 1], 4, "live rows"),
        ([0, 1], 3, "live rows"),
    ],
)
def test_rows_that_do_not_fit_are_a_mistake_of_the_caller(rows: list[int], size: int, problem: str) -> None:
    live = columns_of([KETTLE, BEANS])
    at: RowArray = np.array(rows, np.int64)

    with pytest.raises(ValueError, match=problem):
        LayeredColumns(columns_of(SHELF), live, at, size)


def test_live_columns_of_another_kind_than_the_bases_are_a_mistake_of_the_caller() -> None:
    live = columns_of([having(MYSTERY, weight_kg="heavy")])

    with pytest.raises(ValueError, match="number values in the base, text values among live"):
        LayeredColumns(columns_of(SHELF), live, np.array([3]), 4).field("attributes.weight_kg")
