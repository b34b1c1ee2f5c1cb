"""A hand-made shop with a rule: a tree's genus follows from its fruit, and its soil from its genus."""

from __future__ import annotations

from engine.types import Product, ProductId
from index_builder.graph.draft import Draft
from index_builder.graph.facts import extract
from index_builder.graph.infer import infer

RULES = (
    ("Apple", "Malus", "Loam"),
    ("Pear", "Pyrus", "Clay"),
    ("Cherry", "Prunus", "Chalk"),
    ("Fig", "Ficus", "Sand"),
)


def trees(count: int, *, without_soil: frozenset[int] = frozenset()) -> list[Product]:
    """`count` trees in turn of each kind; those in `without_soil` do not state their soil."""
    shop = []
    for row in range(count):
        fruit, genus, soil = RULES[row % len(RULES)]
        attributes = {"product_type": "tree", "fruit": fruit, "genus": genus, "soil": soil}
        if row in without_soil:
            del attributes["soil"]
        shop.append(Product(ProductId(f"t{row}"), f"Tree {row}", f"Nursery {row % 3}", attributes=attributes))
    return shop


def drafted(products: list[Product]) -> Draft:
    draft = extract(products)
    infer(draft, products)
    return draft
