"""What the models read of a product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.text import normalise
from engine.types import AttributeValue, Product

DESCRIPTION_CHARACTERS = 200
RERANK_CHARACTERS = 400
READ_ATTRIBUTES = (
    "product_type",
    "type",
    "color",
    "colour",
    "product_colour",
    "material",
    "compatibility",
    "title_zh",
)
_KEYS_KEPT = 4_096
_NAME_KEYS = re.compile(r"^(?:title|name|product_name)(?:_[a-z]{2,3})?$")


@lru_cache(_KEYS_KEPT)
def is_name(key: str) -> bool:
    """Whether an attribute's key says that its value is a name of the product, in another language, say.

    >>> is_name("title_zh"), is_name("brand_name")
    (True, False)
    """
    return _NAME_KEYS.match(normalise(key).replace(" ", "_")) is not None


def names_of(product: Product) -> Iterator[str]:
    """Its title, and what attributes call it."""
    yield product.title
    for key, value in product.attributes.items():
        if is_name(key):
            if isinstance(value, str):
                yield value
            elif isinstance(value, tuple):
                yield from value


def embedding_text(product: Product) -> str:
    """For the dual encoder: brand (unless the title has it), title, narrowest category, start of the
    description (unless the title has it). Attributes are left out: they dilute the embedding (measured).
    """
    parts = list(_head(product))
    if product.description.casefold() not in product.title.casefold():
        parts.append(_cut(product.description, DESCRIPTION_CHARACTERS))
    return ". ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class EmbeddingTexts:
    """`embedding_text` of every product, made when it is asked for: all of them are never in memory."""

    products: Sequence[Product]

    def __len__(self) -> int:
        return len(self.products)

    def __iter__(self) -> Iterator[str]:
        return map(embedding_text, self.products)

    def __getitem__(self, row: int) -> str:
        return embedding_text(self.products[row])


def rerank_text(product: Product) -> str:
    """For the cross-encoder: the head, the attributes that shoppers ask for, the description, cut."""
    parts = [*_head(product), *_facts(product), product.description]
    return _cut(". ".join(part for part in parts if part), RERANK_CHARACTERS)


def _head(product: Product) -> Iterator[str]:
    if product.brand and product.brand.casefold() not in product.title.casefold():
        yield f"{product.brand} {product.title}"
    else:
        yield product.title
    if product.category and product.category[-1].casefold() not in product.title.casefold():
        yield product.category[-1]


def _facts(product: Product) -> Iterator[str]:
    title = product.title.casefold()
    for key in READ_ATTRIBUTES:
        value = _text(product.attributes.get(key))
        if value and value.casefold() not in title:
            yield value


def _text(value: AttributeValue | None) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(value) if isinstance(value, tuple) else ""


def _cut(text: str, limit: int) -> str:
    """At the last blank before the limit, where there is one."""
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0]
