"""What a product has to be like to be taken, as the builder would have made it of a catalogue's row."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np

from engine.errors import InvalidArgumentError
from engine.types import AttributeValue, FloatArray, Product

MAX_ID, MAX_TITLE, MAX_DESCRIPTION, MAX_TEXT = 128, 1_000, 20_000, 10_000
MAX_LEVELS, MAX_ATTRIBUTES, MAX_VALUES = 16, 500, 200
_ID = re.compile(r"\S+")
_CURRENCY = re.compile(r"[A-Z]{3}")


def check_id(product_id: str, field: str = "product.id") -> None:
    """Raises InvalidArgumentError."""
    if not (0 < len(product_id) <= MAX_ID and _ID.fullmatch(product_id)):
        raise InvalidArgumentError(field, f"{field} has to be 1 to {MAX_ID} characters without white space.")
    _check_unicode(field, product_id)


def check_product(product: Product) -> None:
    """Raises InvalidArgumentError naming the field, as in "product.title"."""
    check_id(product.id)
    if not product.title.strip():
        raise InvalidArgumentError("product.title", "product.title is empty; a product needs a title.")
    _check_length("product.title", product.title, MAX_TITLE)
    _check_length("product.brand", product.brand, MAX_TEXT)
    _check_length("product.description", product.description, MAX_DESCRIPTION)
    _check_length("product.image_uri", product.image_uri, MAX_TEXT)
    _check_count("product.category_path", len(product.category), MAX_LEVELS, "levels")
    for level in product.category:
        _check_length("product.category_path", level, MAX_TEXT)
        if not level.strip():
            raise InvalidArgumentError("product.category_path", "product.category_path has an empty level.")
    if product.price is not None and not _CURRENCY.fullmatch(product.price.currency_code):
        raise InvalidArgumentError(
            "product.price.currency_code", "product.price.currency_code has to be three capital letters."
        )
    if product.price is not None and product.price.amount < 0:
        raise InvalidArgumentError("product.price", "product.price is negative.")
    _check_attributes(product.attributes)


def unit(embedding: FloatArray, dimension: int) -> FloatArray:
    """Of length 1. Raises InvalidArgumentError("embedding")."""
    if embedding.shape != (dimension,):
        raise InvalidArgumentError(
            "embedding",
            f"embedding has {len(embedding)} numbers; this generation's have {dimension}.",
            length=len(embedding),
            dimension=dimension,
        )
    wide = embedding.astype(np.float64)  # two numbers of 3e38 are longer than float32 can say
    length = float(np.linalg.norm(wide))
    if not (math.isfinite(length) and length > 0):
        raise InvalidArgumentError(
            "embedding", "embedding has no direction: give finite numbers, not all of them zero."
        )
    return np.asarray(wide / length, np.float32)


def _check_attributes(attributes: Mapping[str, AttributeValue]) -> None:
    _check_count("product.attributes", len(attributes), MAX_ATTRIBUTES, "entries")
    for key, value in attributes.items():
        field = "product.attributes"
        if not key.strip():
            raise InvalidArgumentError(field, "product.attributes has an empty key.")
        _check_length(field, key, MAX_ID)
        texts = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
        _check_count(field, len(texts), MAX_VALUES, f"values of {key}")
        for text in texts:
            _check_length(field, text, MAX_TEXT)
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidArgumentError(
                field, f"product.attributes has {key} = {value}; give a finite number."
            )


def _check_length(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidArgumentError(
            field, f"{field} has a text of {len(text):,} characters; at most {most:,}.", length=len(text)
        )
    _check_unicode(field, text)


def _check_count(field: str, count: int, most: int, of: str) -> None:
    if count > most:
        raise InvalidArgumentError(field, f"{field} has {count:,} {of}; at most {most:,}.", count=count)


def _check_unicode(field: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            field, f"{field} is not valid Unicode at character {error.start}; send it as UTF-8."
        ) from None
