"""A made-up shop whose titles teach what the readers have to learn: two makers of lamps and filters."""

from __future__ import annotations

from collections.abc import Mapping

from engine.types import AttributeValue, Product, ProductId

_MODELS = ("KX-1101", "KX-1102", "KX-1103", "KX-1104")


def product(title: str, brand: str = "", **attributes: AttributeValue) -> Product:
    found: Mapping[str, AttributeValue] = attributes
    return Product(ProductId(title), title, brand=brand, attributes=found)


def shop() -> list[Product]:
    """Lamps and water filters of Nordlys and Acme; Nordlys has the series Aurora, Acme states a type."""
    found = [
        product(f"Nordlys Aurora {model} desk lamp Red", "Nordlys", color="Red", model=model)
        for model in _MODELS
    ]
    for number, color in enumerate(("Red", "Green", "White"), start=1):
        found += [
            product(f"Acme desk lamp {color} {number} m", "Acme", color=color),
            product(
                f"Acme water filter for KX-110{number}",
                "Acme",
                compatible_with=f"KX-110{number}",
                product_type="Water filter",
            ),
            product(f"Nordlys water filter {color}", "Nordlys", color=color, compatible_with="KX-1101"),
        ]
    return found
