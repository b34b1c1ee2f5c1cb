"""A draft made by hand: values, brands and targets with the rows that state them."""

from __future__ import annotations

from collections.abc import Iterable

from engine.types import EntityKind, Product, ProductId
from index_builder.graph.draft import Draft, Node
from index_builder.graph.vocabulary import Term


def products(count: int, *brands: str) -> list[Product]:
    """`brands` in turn; none when left out."""
    return [
        Product(ProductId(f"P{row}"), f"Product {row}", brand=brands[row % len(brands)] if brands else "")
        for row in range(count)
    ]


def value(draft: Draft, text: str, rows: Iterable[int], attribute: str = "plug") -> Node:
    return _node(draft, EntityKind.ATTRIBUTE_VALUE, text, rows, attribute, Term.ADDITIONAL_PROPERTY)


def brand(draft: Draft, text: str, rows: Iterable[int] = ()) -> Node:
    return _node(draft, EntityKind.BRAND, text, rows, "", Term.BRAND)


def target(draft: Draft, text: str, rows: Iterable[int]) -> Node:
    return _node(draft, EntityKind.COMPATIBLE_TARGET, text, rows, "compatibility", Term.ACCESSORY_FOR)


def series(draft: Draft, text: str, owner: Node, rows: Iterable[int]) -> Node:
    node = draft.node(EntityKind.SERIES, owner.label, text, relation="series", predicate=Term.SERIES)
    for row in rows:
        node.state(row, text)
    node.answer_to(text, 1.0)
    return node


def product_type(draft: Draft, text: str, rows: Iterable[int]) -> Node:
    return _node(draft, EntityKind.CATEGORY, text, rows, "product_type", Term.CATEGORY, "type")


def _node(
    draft: Draft,
    kind: EntityKind,
    text: str,
    rows: Iterable[int],
    attribute: str,
    predicate: Term,
    space: str = "",
) -> Node:
    names = (attribute, text) if kind is EntityKind.ATTRIBUTE_VALUE else (text,)
    node = draft.node(
        kind, *names, space=space, relation=attribute or kind.value, predicate=predicate, attribute=attribute
    )
    for row in rows:
        node.state(row, text)
    if not node.rows:
        node.spellings[text] += 1
    node.answer_to(text, 1.0)
    return node
