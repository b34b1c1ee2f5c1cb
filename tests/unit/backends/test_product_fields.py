from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from engine.backends.product_fields import BASE_FIELDS, field_values, unfit_attributes, values_of
from engine.types import AttributeValue, ColumnKind
from tests.shelf import MYSTERY, SHELF, columns_of

KINDS = {
    **BASE_FIELDS,
    "attributes.color": ColumnKind.TEXT,
    "attributes.weight_kg": ColumnKind.NUMBER,
    "attributes.cordless": ColumnKind.BOOLEAN,
}


@pytest.mark.parametrize(
    ("attributes", "unfit"),
    [
        ({}, ()),
        ({"color": "red", "weight_kg": 0.0, "cordless": False}, ()),
        ({"color": 4.0}, ()),  # what is text takes any value, written out
        ({"color": True}, ()),
        ({"unheard_of": "x", "also new": 3.0}, ()),
        ({"weight_kg": "2 kg", "cordless": "yes", "color": "red"}, ("weight_kg", "cordless")),
        ({"weight_kg": True}, ("weight_kg",)),
        ({"cordless": 1.0}, ("cordless",)),
        ({"weight_kg": ("1", "2")}, ("weight_kg",)),
        ({"weight_kg": " ", "cordless": ()}, ()),  # blanks say nothing, so nothing is lost
        ({"weight_kg": nan, "unheard_of": nan}, ("weight_kg", "unheard_of")),
    ],
)
def test_attributes_that_no_filter_will_see_are_named(
    attributes: dict[str, AttributeValue], unfit: tuple[str, ...]
) -> None:
    product = replace(MYSTERY, attributes=attributes)

    assert unfit_attributes(product, KINDS) == unfit
    indexed = {name for name, _ in field_values(product, KINDS)}
    assert not indexed & {f"attributes.{key}" for key in unfit}


def test_the_values_of_one_field_are_those_among_all_fields() -> None:
    kinds = columns_of(SHELF).kinds
    for product in SHELF:
        together = list(field_values(product, kinds))
        for name, kind in kinds.items():
            assert list(values_of(product, name, kind)) == [
                value for field, value in together if field == name
            ]
