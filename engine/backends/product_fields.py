"""Which fields a product has, and with what values: for the catalogue of a build and for live changes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    for name, values in _BASE_VALUES.items():
        for value in values(product):
            yield name, value
    for key, attribute in product.attributes.items():
        name = ATTRIBUTE_PREFIX + key
        kind = kinds.get(name)
        if kind is not None:
            yield from ((name, held) for held in _attribute_values(attribute, kind))


def values_of(product: Product, name: str, kind: ColumnKind) -> Iterable[FieldValue]:
    """As `field_values`, of one field."""
    if name in BASE_FIELDS:
        return _BASE_VALUES[name](product)
    value = product.attributes.get(name.removeprefix(ATTRIBUTE_PREFIX))
    return () if value is None else _attribute_values(value, kind)


def unfit_attributes(product: Product, kinds: Mapping[str, ColumnKind]) -> tuple[str, ...]:
    """Keys of the attributes that filters, facets and orders will not see, because their value is not of the
    kind that `kinds` states for the field: a text where the others are numbers. Where it is text, all fit.
    """
    return tuple(
        key
        for key, value in product.attributes.items()
        if (own := attribute_kind(value)) is not None
        and ((kind := kinds.get(ATTRIBUTE_PREFIX + key, own)) is not own or own is ColumnKind.NUMBER)
        and not list(_attribute_values(value, kind))
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


def _levels(product: Product) -> Iterator[str]:
    for level in range(1, len(product.category) + 1):
        yield LEVELS.join(product.category[:level])


def _amount(product: Product) -> tuple[float, ...]:
    amount = float(product.price.amount) if product.price is not None else math.nan
    return (amount,) if math.isfinite(amount) else ()


def _day(product: Product) -> tuple[float, ...]:
    return (float(product.released.toordinal() - _EPOCH),) if product.released is not None else ()


_BASE_VALUES: Mapping[str, Callable[[Product], Iterable[FieldValue]]] = {
    "id": lambda product: (product.id,),
    "title": lambda product: (product.title,),
    "brand": lambda product: (product.brand,),
    "category": _levels,
    "price": _amount,
    "currency": lambda product: (product.price.currency_code,) if product.price is not None else (),
    "availability": lambda product: (product.availability.value,),
    "date_released": _day,
}


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
