"""Which of a product's words go into the word index, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from engine.backends.lexical_layout import FieldWeights
from engine.backends.lexical_terms import compound_codes, squash, terms
from engine.text import normalise
from engine.types import AttributeValue, Product

_IDENTIFIER_KEY = re.compile(
    r"(^|[\W_])(ean|gtin|upc|isbn|asin|mpn|sku|barcode|(part|model|article)[\W_]*(number|no|code))[\W_]*\d*s?$"
)
_KEYS_KEPT = 16_384
_BARCODE = re.compile(r"\d[\d -]{6,16}\d")
_LETTER = re.compile(r"[^\W\d_]")
_SAYS_NOTHING = frozenset(["not available", "not supported"]) | frozenset(
    ["y", "n", "yes", "no", "true", "false", "none", "null", "n/a", "na", "unknown", "other", "various"]
)


def everything(product: Product, weights: FieldWeights) -> list[str]:
    """Terms of the field that is searched, each part as often as its weight says."""
    parts = (
        (product.title, weights.title),
        (product.brand, weights.brand),
        (" ".join(product.category), weights.category),
        (product.description, weights.description),
        (" ; ".join(_telling_values(product)), weights.attributes),
    )
    return [term for text, times in parts if text and times for term in terms(text) * times]


def product_codes(product: Product) -> list[str]:
    """The id, barcodes and other identifiers, and the title's compound words, each in one piece."""
    identifiers = [product.id, *_identifiers(product)]
    codes = [code for code in map(squash, identifiers) if code]
    return list(dict.fromkeys([*codes, *compound_codes(product.title)]))


def _telling_values(product: Product) -> Iterator[str]:
    """Attribute values in words. Keys and bare numbers are left out: they are the same for all products of a
    kind, make long texts of well-described products, and cost a tenth of the nDCG when tried.
    """
    for value in product.attributes.values():
        for text in _texts(value):
            if _LETTER.search(text) and normalise(text) not in _SAYS_NOTHING:
                yield text


def _identifiers(product: Product) -> Iterator[str]:
    for key, value in product.attributes.items():
        named = _is_identifier(key)
        for text in _texts(value):
            if named or _BARCODE.fullmatch(text.strip()):
                yield text
        if named and isinstance(value, float) and value.is_integer():
            yield f"{value:.0f}"


@lru_cache(_KEYS_KEPT)
def _is_identifier(key: str) -> bool:
    return _IDENTIFIER_KEY.search(normalise(key)) is not None


def _texts(value: AttributeValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple) else ()
