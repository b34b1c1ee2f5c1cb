from __future__ import annotations

import operator as python_operator
from collections.abc import Callable, Mapping
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FilterSyntaxError, InvalidArgumentError, UnknownFieldError
from engine.stages.filtering import Columns, parse_filter
from engine.stages.filtering.grammar import parse
from engine.stages.filtering.nodes import And, Comparison, Node, Not, Operator, Or, Presence
from engine.text import has_cjk, normalise
from engine.types import Product
from tests.shelf import BEANS, GRINDER, KETTLE, MYSTERY, SHELF, shelves
from tests.unit.stages.conftest import ColumnsOf

Kept = Callable[[str], list[Product]]


@pytest.fixture(scope="module")
def kept(columns: Columns) -> Kept:
    def products(text: str) -> list[Product]:
        mask = parse_filter(text, columns).mask(columns)
        assert mask.shape == (len(SHELF),)
        return [product for product, keep in zip(SHELF, mask, strict=True) if keep]

    return products


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [KETTLE, GRINDER, BEANS, MYSTERY]),
        ('brand = "hearthline"', [KETTLE, GRINDER]),
        ("id = k-1", [KETTLE]),
        ('title = "mystery  BOX"', [MYSTERY]),
        ("title:coffee", [GRINDER]),
        ('title:"dark roast"', [BEANS]),
        ('title:"roast dark"', []),
        ("title:grind", []),
        ("title:咖啡", [BEANS]),
        ('title:"1,7"', [KETTLE]),
        ("currency = eur", [KETTLE, GRINDER]),
        ("availability = in_stock", [KETTLE]),
        ("availability = unknown", [BEANS, MYSTERY]),
        ("price < 40", [KETTLE, BEANS]),
        ("price = 39.9", [KETTLE]),
        ("price >= 1.49e2", [GRINDER]),
        ('price > "100"', [GRINDER]),
        ('date_released = "2024-01-31"', [KETTLE]),
        ("date_released < 2024-01-31", [GRINDER]),
        ("attributes.cordless = true", [KETTLE]),
        ("attributes.cordless != TRUE", [GRINDER]),
        ("attributes.weight_kg > 1.2", [GRINDER]),
        ('attributes."max speed" = 3', [KETTLE]),
    ],
)
def test_each_field_compares_in_its_own_way(kept: Kept, text: str, expected: list[Product]) -> None:
    assert kept(text) == expected


def test_a_category_is_met_at_any_level_and_as_a_run_of_levels(kept: Kept) -> None:
    assert kept("category = kitchen") == [KETTLE, GRINDER]
    assert kept("category = coffee") == [GRINDER, BEANS]
    assert kept('category = "Kitchen > Coffee"') == kept('category = "kitchen>coffee"') == [GRINDER]
    assert kept('category = "Coffee > Grinders"') == [GRINDER]
    assert kept('category = "Kitchen > Grinders"') == []
    assert kept("category != coffee") == [KETTLE]


def test_one_value_of_a_list_is_enough_to_be_equal_and_none_may_be_to_differ(kept: Kept) -> None:
    assert kept("attributes.color = black") == [KETTLE, GRINDER]
    assert kept('attributes.color:"grey"') == [GRINDER]
    assert kept("attributes.color != black") == [BEANS]


def test_a_comparison_with_a_missing_value_is_false_and_not_turns_it_round(kept: Kept) -> None:
    assert kept("brand != acme") == [KETTLE, GRINDER]
    assert kept("NOT brand = acme") == [KETTLE, GRINDER, MYSTERY]
    assert kept("price < 1000") == [KETTLE, GRINDER, BEANS]
    assert kept("NOT price < 1000") == [MYSTERY]
    assert kept("attributes.color:*") == [KETTLE, GRINDER, BEANS]
    assert kept("-attributes.color:*") == [MYSTERY]
    assert kept('brand = ""') == []


def test_a_key_that_is_a_number_here_and_a_text_there_is_text(kept: Kept) -> None:
    assert kept("attributes.size = 42") == [GRINDER]
    assert kept("attributes.size = LARGE") == [KETTLE]
    with pytest.raises(InvalidArgumentError):
        kept("attributes.size > 40")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("price = cheap", "'cheap', but takes a number"),
        ("price < 1e999", "takes a number"),
        ("price = ١", "takes a number"),
        ("price:soon", "takes a number"),
        ("attributes.cordless = yes", "takes true or false"),
        ("attributes.cordless > true", "is true or false; compare it with"),
        ("date_released > 2024-02-31", "takes a date"),
        ("date_released = 20240131", "takes a date"),
        ("attributes.color < 3", "attributes.color is text; compare it with =, != or :"),
        ("category >= Coffee", "is a category"),
        ('title:"..."', "is asked for no word at all; write title:* for any value"),
    ],
)
def test_literals_and_operators_that_do_not_suit_the_field_are_refused(
    columns: Columns, text: str, part: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_filter(f"price:* OR {text}", columns)

    assert part in caught.value.message
    assert caught.value.field == "filter"
    assert caught.value.metadata["position"] == "11"


@pytest.mark.parametrize(
    ("field", "suggestion"),
    [
        ("brnad", "brand"),
        ("color", "attributes.color"),
        ("attributes.colour", "attributes.color"),
        ("Price", "price"),
        ('attributes."max sped"', 'attributes."max speed"'),
    ],
)
def test_an_unknown_field_is_named_with_its_position_and_the_closest_names(
    columns: Columns, field: str, suggestion: str
) -> None:
    with pytest.raises(UnknownFieldError) as caught:
        parse_filter(f"price:* AND {field}:*", columns)

    assert f"Did you mean {suggestion}" in caught.value.message
    assert caught.value.field == "filter"
    assert caught.value.metadata["position"] == "12"


def test_a_field_like_no_other_gets_no_suggestion(columns: Columns) -> None:
    with pytest.raises(UnknownFieldError) as caught:
        parse_filter("xyzzyx = 1", columns)

    assert "Did you mean" not in caught.value.message


def test_syntax_errors_come_before_the_columns_are_looked_at(columns: Columns) -> None:
    with pytest.raises(FilterSyntaxError):
        parse_filter("unknown = ", columns)


def test_a_filter_serves_another_catalogue_with_the_same_fields(
    columns_of: ColumnsOf, columns: Columns
) -> None:
    other = columns_of(SHELF[::-1])

    mask = parse_filter("attributes.weight_kg > 2", columns).mask(other)

    assert mask.tolist() == [product is GRINDER for product in SHELF[::-1]]


def test_an_empty_catalogue_has_its_base_fields(columns_of: ColumnsOf) -> None:
    columns = columns_of([])

    assert parse_filter("price < 3 OR NOT brand = x", columns).mask(columns).tolist() == []


# The oracle: a filter evaluated product by product, in plain Python.

_ORDERED: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.EQUAL: python_operator.eq,
    Operator.HAS: python_operator.eq,
    Operator.LESS: python_operator.lt,
    Operator.LESS_EQUAL: python_operator.le,
    Operator.GREATER: python_operator.gt,
    Operator.GREATER_EQUAL: python_operator.ge,
}


def texts_of(product: Product, field: str) -> list[str]:
    """The normalised texts of a text field, blanks left out."""
    values: object = {
        "id": product.id,
        "title": product.title,
        "brand": product.brand,
        "currency": product.price.currency_code if product.price else "",
        "availability": product.availability.value,
    }.get(field) or product.attributes.get(field.removeprefix("attributes."), "")
    texts = [
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
        for value in (values if isinstance(values, tuple) else (values,))
    ]
    return [normalise(text) for text in texts if normalise(text)]


def number_of(product: Product, field: str) -> float | None:
    if field == "price":
        return float(product.price.amount) if product.price else None
    if field == "date_released":
        return product.released.toordinal() if product.released else None
    value = product.attributes.get(field.removeprefix("attributes."))
    return float(value) if isinstance(value, float | bool) else None


def words(text: str) -> list[str]:
    spaced = "".join(f" {c} " if has_cjk(c) else c if c.isalnum() else " " for c in normalise(text))
    return spaced.split()


def contains(text: str, wanted: str) -> bool:
    here, there = words(text), words(wanted)
    return any(here[start : start + len(there)] == there for start in range(len(here)))


def holds(node: Node, product: Product) -> bool:
    match node:
        case And(terms):
            return all(holds(term, product) for term in terms)
        case Or(terms):
            return any(holds(term, product) for term in terms)
        case Not(term):
            return not holds(term, product)
        case Presence(field):
            return bool(product.category) if field == "category" else (
                number_of(product, field) is not None if field in NUMBERS else bool(texts_of(product, field))
            )  # fmt: skip
        case Comparison(field, operator, value):
            if field == "category":
                return category_holds(product, operator, value)
            return number_holds(product, node) if field in NUMBERS else text_holds(product, node)


def category_holds(product: Product, operator: Operator, value: str) -> bool:
    path = [normalise(level) for level in product.category]
    levels = [level.strip() for level in normalise(value).split(">")]
    if operator is Operator.HAS:
        return contains(" ".join(path), value)
    found = any(path[at : at + len(levels)] == levels for at in range(len(path)))
    return found if operator is Operator.EQUAL else bool(path) and not found


def number_holds(product: Product, node: Comparison) -> bool:
    value = number_of(product, node.field)
    if node.field == "date_released":
        literal = float(date.fromisoformat(node.value).toordinal())
    else:
        literal = {"true": 1.0, "false": 0.0}[node.value] if node.field in BOOLEANS else float(node.value)
    if value is None:
        return False
    return (
        value != literal if node.operator is Operator.NOT_EQUAL else _ORDERED[node.operator](value, literal)
    )


def text_holds(product: Product, node: Comparison) -> bool:
    texts, wanted = texts_of(product, node.field), normalise(node.value)
    if node.operator is Operator.HAS:
        return any(contains(text, wanted) for text in texts)
    return wanted in texts if node.operator is Operator.EQUAL else bool(texts) and wanted not in texts


BOOLEANS = ("attributes.cordless",)
NUMBERS = ("price", "date_released", "attributes.weight_kg", "attributes.max speed", *BOOLEANS)
TEXTS = ("id", "title", "brand", "currency", "availability", "attributes.color", "attributes.size")
FIELDS = ("category", *NUMBERS, *TEXTS)
_UNORDERED = st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL, Operator.HAS])
_WANTED = st.sampled_from(
    ["hp", "HP", "black", "Black ink", "ink", "黑色", "色", "usb", "C", 'he said "15.6" \\', "straße", "42",
     "true", "a > b", "A", "Kitchen", "kitchen>a", "b>A", "K-1", "eur", "in_stock", "it's", "NOT", "tab"]
)  # fmt: skip
_COMPARISONS = st.one_of(
    st.builds(Comparison, st.sampled_from([*TEXTS, "category"]), _UNORDERED, _WANTED),
    st.builds(
        Comparison,
        st.sampled_from(["price", "attributes.weight_kg", "attributes.max speed"]),
        st.sampled_from(Operator),
        st.sampled_from(["0", "1.1", "2", "-1.5", "3e2", "+.1", "1000000000"]),
    ),
    st.builds(Comparison, st.sampled_from(BOOLEANS), _UNORDERED, st.sampled_from(["true", "false"])),
    st.builds(
        Comparison,
        st.just("date_released"),
        st.sampled_from(Operator),
        st.sampled_from(["2024-01-31", "1969-12-31", "2023-06-02"]),
    ),
    st.builds(Presence, st.sampled_from(FIELDS)),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    _COMPARISONS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def text_of(node: Node) -> str:
    """The filter that reads as this tree, with as few brackets as the precedence allows."""
    match node:
        case And(terms):
            return " AND ".join(f"({text_of(t)})" if isinstance(t, And) else text_of(t) for t in terms)
        case Or(terms):
            return " OR ".join(f"({text_of(t)})" if isinstance(t, And | Or) else text_of(t) for t in terms)
        case Not(term):
            return (
                f"-{text_of(term)}" if isinstance(term, Comparison | Presence) else f"NOT ({text_of(term)})"
            )
        case Presence(field):
            return f"{field_text(field)}:*"
        case Comparison(field, operator, value):
            bare = value.isascii() and value.isalnum() and value != "NOT"
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            return f"{field_text(field)} {operator} " + (value if bare else f'"{quoted}"')


def field_text(field: str) -> str:
    return 'attributes."max speed"' if field == "attributes.max speed" else field


@given(NODES)
def test_a_tree_written_as_text_reads_as_the_same_tree(node: Node) -> None:
    assert parse(text_of(node)) == node


@settings(max_examples=200, deadline=None)
@given(shelves(), NODES)
def test_the_mask_is_what_plain_python_says_of_each_product(
    columns_of: ColumnsOf, shelf: tuple[Product, ...], node: Node
) -> None:
    columns = columns_of(shelf)

    mask = parse_filter(text_of(node), columns).mask(columns)

    assert mask.tolist() == [holds(node, product) for product in shelf]
