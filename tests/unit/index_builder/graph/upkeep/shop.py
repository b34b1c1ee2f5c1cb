"""A draft made by hand: forty lamps with a brand, a type, a colour and a socket, as its catalogue says."""

from __future__ import annotations

from engine.types import EntityKind, Product, ProductId
from index_builder.graph.draft import Draft, Node
from index_builder.graph.vocabulary import Term

PRODUCTS = tuple(
    Product(ProductId(f"L{row}"), f"Lumo lamp {row}", "Lumo", attributes={"socket": "E27"})
    for row in range(40)
)


def value(draft: Draft, attribute: str, name: str) -> Node:
    node = draft.node(
        EntityKind.ATTRIBUTE_VALUE,
        attribute,
        name,
        space="value",
        relation=attribute,
        predicate=Term.ADDITIONAL_PROPERTY,
        attribute=attribute,
    )
    node.answer_to(name, 1.0)
    return node


def brand(draft: Draft, name: str) -> Node:
    node = draft.node(EntityKind.BRAND, name, relation="brand", predicate=Term.BRAND)
    node.answer_to(name, 1.0)
    return node


def kind(draft: Draft, name: str) -> Node:
    node = draft.node(
        EntityKind.CATEGORY,
        name,
        space="type",
        relation="type",
        predicate=Term.CATEGORY,
        attribute="product_type",
    )
    node.answer_to(name, 1.0)
    return node


def color(draft: Draft, name: str) -> Node:
    node = draft.node(EntityKind.COLOR, name, relation="color", predicate=Term.COLOR, attribute="color")
    node.answer_to(name, 1.0)
    return node


def lamps() -> Draft:
    """Every lamp has one socket; every second one has two colours."""
    draft = Draft(types=[""] * len(PRODUCTS))
    nodes = (
        brand(draft, "lumo"),
        kind(draft, "lamp"),
        value(draft, "socket", "e27"),
        color(draft, "white"),
    )
    for row in range(len(PRODUCTS)):
        draft.types[row] = nodes[1].iri
        for node in nodes:
            node.state(row, node.relation)
        if row % 2:
            color(draft, "gold").state(row, "gold")
    return draft
