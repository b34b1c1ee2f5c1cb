"""Filters, facets and orders are tested over a generation's columns and over the same with live changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from engine.stages.columns import Columns
from engine.types import Product
from tests.shelf import SHELF, columns_of, layered_columns_of

ColumnsOf = Callable[[Sequence[Product]], Columns]


@pytest.fixture(
    scope="session", params=[columns_of, layered_columns_of], ids=["stored", "layered"], name="columns_of"
)
def _columns_of(request: pytest.FixtureRequest) -> ColumnsOf:
    """Columns of these products, in which product i has row i."""
    make: ColumnsOf = request.param
    return make


@pytest.fixture(scope="session")
def columns(columns_of: ColumnsOf) -> Columns:
    return columns_of(SHELF)
