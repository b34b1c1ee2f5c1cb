"""Reads what is to be changed, and writes what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from cartograph.v1 import catalog_service_pb2, product_pb2
from engine.errors import InvalidArgumentError
from engine.live.changes import (
    ChangeOutcome,
    ChangeRequest,
    ChangeResult,
    ProductDeletion,
    ProductPatch,
    ProductUpsert,
)
from engine.live.writer import MAX_CHANGES
from engine.rpc.convert.bounds import MAX_ID, size, text
from engine.rpc.convert.products import NANOS, amount, availability_of
from engine.types import AttributeValue, Money, Product, ProductId

MAX_REQUEST_ID = 128
_EPOCH = date(1970, 1, 1)
_SECONDS_A_DAY = 86_400


def upserts(message: catalog_service_pb2.UpsertProductsRequest) -> ChangeRequest:
    """Raises InvalidArgumentError for what is wrong with the request as a whole."""
    size("upserts", len(message.upserts), most=MAX_CHANGES)
    return ChangeRequest(
        [
            ProductUpsert(
                _product(f"upserts[{place}]", each.product),
                np.array(each.embedding, np.float32) if each.embedding else None,
            )
            for place, each in enumerate(message.upserts)
        ],
        _request_id(message.request_id),
    )


def patches(message: catalog_service_pb2.PatchProductsRequest) -> ChangeRequest:
    size("patches", len(message.patches), most=MAX_CHANGES)
    return ChangeRequest(
        [
            ProductPatch(_product(f"patches[{place}]", each.product), tuple(each.update_mask.paths))
            for place, each in enumerate(message.patches)
        ],
        _request_id(message.request_id),
    )


def deletions(message: catalog_service_pb2.DeleteProductsRequest) -> ChangeRequest:
    size("product_ids", len(message.product_ids), most=MAX_CHANGES)
    ids = [
        ProductId(text(f"product_ids[{place}]", product_id, most=MAX_ID))
        for place, product_id in enumerate(message.product_ids)
    ]
    return ChangeRequest([ProductDeletion(product_id) for product_id in ids], _request_id(message.request_id))


def answer(result: ChangeResult) -> dict[str, Any]:
    """The fields that the three responses share."""
    return {
        "outcomes": [_outcome(each) for each in result.outcomes],
        "sequence": result.sequence,
        "generation_id": result.generation_id,
        "repeated_request": result.repeated,
    }


def _outcome(outcome: ChangeOutcome) -> catalog_service_pb2.ChangeOutcome:
    return catalog_service_pb2.ChangeOutcome(
        product_id=outcome.product_id,
        sequence=outcome.sequence,
        reason=outcome.reason,
        field=outcome.field,
        message=outcome.message,
        warnings=outcome.warnings,
    )


def _request_id(given: str) -> str:
    return text("request_id", given, most=MAX_REQUEST_ID)


def _product(where: str, message: product_pb2.Product) -> Product:
    """What only this message can hold wrongly is refused here; the rest is for the engine to check."""
    return Product(
        id=ProductId(message.id),
        title=message.title,
        brand=message.brand,
        description=message.description,
        category=tuple(message.category_path),
        price=_price(where, message),
        availability=availability_of(f"{where}.product.availability", message.availability),
        image_uri=message.image_uri,
        released=_day(where, message),
        attributes={
            key: _attribute(f"{where}.product.attributes", key, value)
            for key, value in sorted(message.attributes.items())
        },
    )


def _price(where: str, message: product_pb2.Product) -> Money | None:
    if not message.HasField("price"):
        return None
    price = message.price
    if abs(price.nanos) >= NANOS or price.units * price.nanos < 0:
        raise InvalidArgumentError(
            f"{where}.product.price.nanos",
            f"{where}.product.price.nanos has to be below a billion, with the sign of units.",
        )
    return Money(price.currency_code, amount(price))


def _day(where: str, message: product_pb2.Product) -> date | None:
    if not message.HasField("release_time"):
        return None
    try:
        return _EPOCH + timedelta(days=message.release_time.seconds // _SECONDS_A_DAY)
    except OverflowError:
        field = f"{where}.product.release_time"
        raise InvalidArgumentError(field, f"{field} is in no year from 1 to 9999.") from None


def _attribute(field: str, key: str, message: product_pb2.AttributeValue) -> AttributeValue:
    kind = message.WhichOneof("kind")
    if kind == "text":
        return message.text
    if kind == "number":
        return float(message.number)
    if kind == "boolean":
        return bool(message.boolean)
    if kind == "texts":
        values: Sequence[str] = message.texts.values
        return tuple(values)
    raise InvalidArgumentError(field, f"{field} has no value for {key!r}; set one of its kinds.")
