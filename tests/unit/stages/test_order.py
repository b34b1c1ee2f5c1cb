from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidArgumentError, UnknownFieldError
from engine.stages.columns import Columns
from engine.stages.order import BY_SCORE, OrderBy, OrderKey, order_rows, parse_order_by
from engine.text import normalise
from engine.types import Product
from tests.shelf import BEANS, GRINDER, KETTLE, MYSTERY, SHELF, shelves
from tests.unit.stages.conftest import ColumnsOf

Ordered = Callable[[str], list[Product]]
ALL = np.arange(len(SHELF))
SCORES = np.array([0.1, 0.4, 0.3, 0.4], np.float32)


@pytest.fixture(scope="module")
def ordered(columns: Columns) -> Ordered:
    def products(text: str) -> list[Product]:
        permutation = order_rows(parse_order_by(text, columns), columns, ALL, SCORES)
        return [SHELF[row] for row in ALL[permutation]]

    return products


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("price", (OrderKey("price"),)),
        (" price  desc ", (OrderKey("price", descending=True),)),
        ("price asc", (OrderKey("price"),)),
        ("score desc, price", (OrderKey("score", descending=True), OrderKey("price"))),
        (
            "attributes.weight_kg,title desc",
            (OrderKey("attributes.weight_kg"), OrderKey("title", descending=True)),
        ),
        ('attributes."max speed" desc', (OrderKey("attributes.max speed", descending=True),)),
    ],
)
def test_an_order_is_a_list_of_fields_each_ascending_unless_desc(
    columns: Columns, text: str, keys: tuple[OrderKey, ...]
) -> None:
    assert parse_order_by(text, columns) == OrderBy(keys)


def test_no_order_is_by_score_and_equal_scores_go_by_row(columns: Columns, ordered: Ordered) -> None:
    assert parse_order_by(" ", columns) is BY_SCORE
    assert ordered("") == ordered("score desc") == [GRINDER, MYSTERY, BEANS, KETTLE]
    assert ordered("score") == [KETTLE, BEANS, GRINDER, MYSTERY]


def test_products_without_a_value_come_last_in_both_directions(ordered: Ordered) -> None:
    assert ordered("price") == [BEANS, KETTLE, GRINDER, MYSTERY]
    assert ordered("price desc") == [GRINDER, KETTLE, BEANS, MYSTERY]
    assert ordered("date_released") == [GRINDER, KETTLE, MYSTERY, BEANS]


def test_titles_sort_without_regard_to_case(ordered: Ordered) -> None:
    assert ordered("title desc") == [MYSTERY, KETTLE, BEANS, GRINDER]


def test_equals_of_the_first_key_go_by_the_next_and_then_by_score(ordered: Ordered) -> None:
    assert ordered('attributes."max speed", price desc') == [KETTLE, GRINDER, BEANS, MYSTERY]
    assert ordered('attributes."max speed"') == [KETTLE, GRINDER, MYSTERY, BEANS]


def test_only_the_candidates_are_sorted_whatever_their_order(columns: Columns) -> None:
    rows, scores = np.array([3, 1, 0]), np.array([0.9, 0.1, 0.5])

    permutation = order_rows(parse_order_by("attributes.weight_kg desc", columns), columns, rows, scores)

    assert rows[permutation].tolist() == [1, 0, 3]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("price descending", "character 6: price ⟨here⟩descending"),
        ("price,", "character 6"),
        (",price", "character 0"),
        ("price;title", "price;title"),
        ("price title", "character 6"),
        ('attributes."max speed', "character 10"),
        ("price, price desc", "names price more than once"),
        ("brand", "brand, which is not sorted by"),
        ("attributes.color", "holds text values"),
        ("attributes.cordless", "holds boolean values"),
        (",".join(f"f{i}" for i in range(9)), "at most 8"),
        ("x" * 1_001, "at most 1,000"),
    ],
)
def test_an_order_that_can_not_be_is_refused(columns: Columns, text: str, part: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_order_by(text, columns)

    assert caught.value.field == "order_by"
    assert part in caught.value.message


def test_an_unknown_field_gets_a_suggestion(columns: Columns) -> None:
    with pytest.raises(UnknownFieldError, match="Did you mean price"):
        parse_order_by("pricee", columns)


@given(st.text(alphabet=st.sampled_from('price, desc."\\a\n')))
def test_any_text_whatever_reads_or_is_refused(columns: Columns, text: str) -> None:
    try:
        field = "order_by" if parse_order_by(text, columns) else ""
    except InvalidArgumentError as error:
        field = error.field
    assert field == "order_by"


@settings(deadline=None)
@given(shelves(), st.booleans(), st.data())
def test_neighbours_are_in_order(
    columns_of: ColumnsOf, shelf: tuple[Product, ...], descending: bool, data: st.DataObject
) -> None:
    columns = columns_of(shelf)
    rows = np.array(data.draw(st.permutations(range(len(shelf)))))
    scores = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(rows), max_size=len(rows)))
    )
    field = data.draw(st.sampled_from(["price", "attributes.weight_kg", "title"]))

    order = parse_order_by(f"{field}{' desc' if descending else ''}", columns)
    permutation = order_rows(order, columns, rows, scores)

    assert sorted(permutation.tolist()) == list(range(len(rows)))
    keys = [(_value(shelf[rows[at]], field), -scores[at], rows[at]) for at in permutation]
    for (value, *tail), (next_value, *next_tail) in pairwise(keys):
        if value == next_value:
            assert tail < next_tail
        elif value is None or next_value is None:
            assert next_value is None
        elif descending:
            assert value > next_value  # type: ignore[operator]  # one field holds one type
        else:
            assert value < next_value  # type: ignore[operator]  # as above


def _value(product: Product, field: str) -> str | float | None:
    if field == "title":
        return normalise(product.title) or None
    if field == "price":
        return float(product.price.amount) if product.price else None
    weight = product.attributes.get("weight_kg")
    return weight if isinstance(weight, float) else None
