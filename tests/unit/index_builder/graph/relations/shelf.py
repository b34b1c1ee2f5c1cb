"""Small hand-made catalogues for the tests of relations."""

from __future__ import annotations

import numpy as np

from engine.types import AttributeValue, FloatArray, Product, ProductId
from index_builder.graph.draft import Draft
from index_builder.graph.facts import extract
from index_builder.graph.infer import infer


def product(key: str, title: str, brand: str = "", **attributes: AttributeValue) -> Product:
    return Product(ProductId(key), title, brand, attributes=attributes)


def drafted(products: list[Product]) -> Draft:
    draft = extract(products)
    infer(draft, products)
    return draft


def unit_rows(*angles: float) -> FloatArray:
    """Plane vectors at these angles in degrees: the cosine of two is that of the angle between them."""
    radians = np.radians(np.array(angles))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
