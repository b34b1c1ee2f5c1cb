"""What the models read of a product."""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import AttributeValue, Product


def embedding_text(product: Product) -> str:
    """For the dual encoder: brand (unless the title has it), title, the narrowest categories."""
    return ", ".join(_head(product))


def rerank_text(product: Product, *, max_characters: int = 400) -> str:
    """For the cross-encoder: as for the dual encoder, then text attributes and the description, cut."""
    parts = [*_head(product), *_facts(product), product.description]
    return ". ".join(part for part in parts if part)[:max_characters]


def _head(product: Product) -> Iterator[str]:
    if product.brand and product.brand.casefold() not in product.title.casefold():
        yield product.brand
    yield product.title
    yield from product.category[-2:]


def _facts(product: Product) -> Iterator[str]:
    title = product.title.casefold()
    for key in ("product_type", "type", "color", "material", "compatibility", "title_zh"):
        value = _text(product.attributes.get(key))
        if value and value.casefold() not in title:
            yield value


def _text(value: AttributeValue | None) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(value) if isinstance(value, tuple) else ""
