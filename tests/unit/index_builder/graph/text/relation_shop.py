"""A shop of printers, supplies and accessories for tests of relations read from text; nothing is anyone's."""

from __future__ import annotations

from engine.types import AttributeValue, Product, ProductId
from index_builder.graph.draft import Draft
from index_builder.graph.facts import extract


def product(
    number: int, title: str, brand: str = "Inko", description: str = "", **attributes: AttributeValue
) -> Product:
    return Product(ProductId(f"P{number}"), title, brand, description, attributes=attributes)


DEVICES = [
    ("Inko Jetto 4100 printer", "printer"),
    ("Inko Jetto 4200n printer", "printer"),
    ("Inko XR310 scanner", "scanner"),
    ("Beamo VP-200 projector", "projector"),
    ("Beamo VP-300 projector", "projector"),
    ("Compo NB15 notebook", "notebook"),
]
STATED = [
    ("Inko 20 toner cartridge", "Jetto 4100, 4200n"),
    ("Inko 21 toner cartridge", "Jetto 4100; Jetto 4200n; Jetto 4300"),
    ("Inko 30 ink cartridge", "XR310, XR320"),
    ("Inko 31 ink cartridge", "XR310; XR330"),
]


def shop(*others: Product) -> list[Product]:
    """The others come first, so that product 0 is the one a test is about."""
    devices = [
        product(100 + i, title, title.split()[0], product_type=kind)
        for i, (title, kind) in enumerate(DEVICES)
    ]
    stated = [product(200 + i, title, compatibility=fits) for i, (title, fits) in enumerate(STATED)]
    return [*others, *devices, *stated]


def draft_of(products: list[Product]) -> Draft:
    return extract(products)
