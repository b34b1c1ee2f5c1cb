"""Writes products, as much of them as a view asks for."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import IntEnum

from google.protobuf.timestamp_pb2 import Timestamp

from cartograph.v1 import product_pb2
from engine.rpc.convert.bounds import enumerated
from engine.types import AttributeValue, Availability, Money, Product

NANOS = 10**9
_EPOCH = date(1970, 1, 1)
_SECONDS_A_DAY = 86_400
_AVAILABILITY = {
    Availability.UNKNOWN: product_pb2.AVAILABILITY_UNSPECIFIED,
    Availability.IN_STOCK: product_pb2.AVAILABILITY_IN_STOCK,
    Availability.OUT_OF_STOCK: product_pb2.AVAILABILITY_OUT_OF_STOCK,
    Availability.PREORDER: product_pb2.AVAILABILITY_PREORDER,
}


class View(IntEnum):
    """Its values are those of the contract's ProductView."""

    BASIC = product_pb2.PRODUCT_VIEW_BASIC
    FULL = product_pb2.PRODUCT_VIEW_FULL
    ID = product_pb2.PRODUCT_VIEW_ID


def view_of(number: int, *, default: View) -> View:
    """Raises InvalidArgumentError for a number that is no view."""
    enumerated("view", number, len(product_pb2.ProductView.keys()))
    return View(number) if number else default


def availability_of(field: str, number: int) -> Availability:
    """Raises InvalidArgumentError for a number that is none."""
    enumerated(field, number, len(product_pb2.Availability.keys()))
    return next(each for each, code in _AVAILABILITY.items() if code == number)


def product(value: Product, view: View) -> product_pb2.Product:
    if view is View.ID:
        return product_pb2.Product(id=value.id)
    message = product_pb2.Product(
        id=value.id,
        title=value.title,
        brand=value.brand,
        category_path=value.category,
        price=money(value.price) if value.price else None,
        availability=_AVAILABILITY[value.availability],
        image_uri=value.image_uri,
        release_time=midnight(value.released) if value.released else None,
    )
    if view is View.FULL:
        message.description = value.description
        for key, attribute_value in value.attributes.items():
            message.attributes[key].CopyFrom(attribute(attribute_value))
    return message


def money(value: Money) -> product_pb2.Money:
    """Rounded to a billionth, half to even; units and nanos have the same sign."""
    billionths = int((value.amount * NANOS).to_integral_value(ROUND_HALF_EVEN))
    sign = -1 if billionths < 0 else 1
    units, nanos = divmod(abs(billionths), NANOS)
    return product_pb2.Money(currency_code=value.currency_code, units=sign * units, nanos=sign * nanos)


def amount(message: product_pb2.Money) -> Decimal:
    return message.units + Decimal(message.nanos) / NANOS


def attribute(value: AttributeValue) -> product_pb2.AttributeValue:
    if isinstance(value, bool):
        return product_pb2.AttributeValue(boolean=value)
    if isinstance(value, str):
        return product_pb2.AttributeValue(text=value)
    if isinstance(value, tuple):
        return product_pb2.AttributeValue(texts=product_pb2.TextList(values=value))
    return product_pb2.AttributeValue(number=value)


def midnight(day: date) -> Timestamp:
    """Of that day, in UTC; days before 1970 have negative seconds."""
    return Timestamp(seconds=(day - _EPOCH).days * _SECONDS_A_DAY)
