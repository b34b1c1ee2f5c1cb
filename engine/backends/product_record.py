"""One product as one line of JSON. What equals the default of `Product` is left out."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from engine.types import Availability, Money, Product, ProductId

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_record(product: Product) -> bytes:
    """UTF-8 without a line break. Integers among the attributes become floats, as Product has them."""
    record: dict[str, Any] = {
        "id": product.id,
        "title": product.title,
        "brand": product.brand,
        "description": product.description,
        "category": list(product.category),
        "price": [product.price.currency_code, str(product.price.amount)] if product.price else None,
        "availability": None if product.availability is Availability.UNKNOWN else product.availability.value,
        "image_uri": product.image_uri,
        "released": product.released.isoformat() if product.released else None,
        "attributes": {
            key: float(value) if type(value) is int else value for key, value in product.attributes.items()
        },
    }
    return _encode({key: value for key, value in record.items() if value or key in ("id", "title")}).encode()


def from_record(record: bytes) -> Product:
    """The product that `to_record` wrote; ValueError or KeyError when it is none."""
    try:
        data = orjson.loads(record)
    except ValueError:  # numbers that are not finite are no JSON, but Python writes and reads them
        data = json.loads(record)
    price, released, availability = data.get("price"), data.get("released"), data.get("availability")
    return Product(
        id=ProductId(data["id"]),
        title=data["title"],
        brand=data.get("brand", ""),
        description=data.get("description", ""),
        category=tuple(data.get("category", ())),
        price=Money(price[0], Decimal(price[1])) if price else None,
        availability=Availability(availability) if availability else Availability.UNKNOWN,
        image_uri=data.get("image_uri", ""),
        released=date.fromisoformat(released) if released else None,
        attributes={
            key: tuple(value) if type(value) is list else value
            for key, value in data.get("attributes", {}).items()
        },
    )
