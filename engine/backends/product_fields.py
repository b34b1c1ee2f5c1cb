"""Which fields a product has, and with what values: for the catalogue of a build and for live changes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TypeAlias

from engine.text import normalise
from engine.types import AttributeValue, ColumnKind, Product

ATTRIBUTE_PREFIX = "attributes."
LEVELS = " > "
BASE_FIELDS: Mapping[str, ColumnKind] = {
    "id": ColumnKind.TEXT,
    "title": ColumnKind.TEXT,
    "brand": ColumnKind.TEXT,
    "category": ColumnKind.PATH,
    "price": ColumnKind.NUMBER,
    "currency": ColumnKind.TEXT,
    "availability": ColumnKind.TEXT,
    "date_released": ColumnKind.DATE,
}
"""Fields that every catalogue has, though maybe without an entry."""

FieldValue: TypeAlias = str | float
_EPOCH = date(1970, 1, 1).toordinal()
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"  # as engine.text.has_cjk
_WORDS = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_LEVEL = re.compile(r"\s*>\s*")


def attribute_kind(value: AttributeValue) -> ColumnKind | None:
    """None for a blank text and an empty list: they say nothing about their key."""
    if isinstance(value, tuple | str) and not "".join(value).strip():
        return None
    if isinstance(value, bool):
        return ColumnKind.BOOLEAN
    return ColumnKind.NUMBER if isinstance(value, float | int) else ColumnKind.TEXT


def field_values(product: Product, kinds: Mapping[str, ColumnKind]) -> Iterator[tuple[str, FieldValue]]:
    """(field, value) for every value the product has, in the kind that `kinds` states for the field.

    Blank texts and numbers that are not finite are no values. Fields that `kinds` leaves out are skipped.
    """
    for name, value in _base_values(product):
        yield name, value
    for key, attribute in product.attributes.items():
        name = ATTRIBUTE_PREFIX + key
        kind = kinds.get(name)
        if kind is not None:
            yield from ((name, held) for held in _attribute_values(attribute, kind))


def unfit_attributes(product: Product, kinds: Mapping[str, ColumnKind]) -> tuple[str, ...]:
    """Keys of the attributes that filters, facets and orders will not see, because their value is not of the
    kind that `kinds` states for the field: a text where the others are numbers. Where it is text, all fit.
    """
    return tuple(
        key
        for key, value in product.attributes.items()
        if (own := attribute_kind(value)) is not None
        and not list(_attribute_values(value, kinds.get(ATTRIBUTE_PREFIX + key, own)))
    )


def normalised(text: str, kind: ColumnKind) -> str:
    """Text as columns compare it; a path's levels have one blank on both sides of the ">"."""
    plain = normalise(text)
    return _LEVEL.sub(LEVELS, plain).strip() if kind is ColumnKind.PATH else plain


def word_text(normalised_text: str) -> str:
    """Its words (runs of letters and digits; each Chinese, Japanese or Korean character by itself) with a
    blank around each, so that one text holds the words of another where it holds its `word_text`.

    >>> word_text('usb-c 黑色')
    ' usb c 黑 色 '
    """
    return f" {' '.join(_WORDS.findall(normalised_text))} "


def _base_values(product: Product) -> Iterator[tuple[str, FieldValue]]:
    yield "id", product.id
    yield "title", product.title
    yield "brand", product.brand
    for level in range(1, len(product.category) + 1):
        yield "category", LEVELS.join(product.category[:level])
    if product.price is not None:
        yield "currency", product.price.currency_code
        amount = float(product.price.amount)
        if math.isfinite(amount):
            yield "price", amount
    yield "availability", product.availability.value
    if product.released is not None:
        yield "date_released", float(product.released.toordinal() - _EPOCH)


def _attribute_values(value: AttributeValue, kind: ColumnKind) -> Iterator[FieldValue]:
    if kind is ColumnKind.TEXT:
        yield from value if isinstance(value, tuple) else (_as_text(value),)
    elif isinstance(value, float | int) and attribute_kind(value) is kind and math.isfinite(value):
        yield float(value)


def _as_text(value: str | float | bool) -> str:
    """For a key whose values differ in kind: true, 4, 4.5 as a filter would write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
