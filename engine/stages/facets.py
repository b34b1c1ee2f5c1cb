"""Facets: how many of the candidates have each value of a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidArgumentError
from engine.stages.columns import ATTRIBUTE_PREFIX, Column, Columns, require
from engine.types import ColumnKind, RowArray

MAX_KEYS = 20
DEFAULT_LIMIT = 20
RANGES = 5
COUNTED_FIELDS = ("brand", "category", "price", "currency", "availability")
"""Beside all attributes. The other fields differ from product to product: counting them tells nothing."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """`value` in the shop's most frequent spelling; `count` candidates have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class FacetRange:
    """`count` candidates lie in [lower, upper), or in [lower, upper] for the last range of a facet."""

    lower: float
    upper: float
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """Either values (text, paths, booleans), most frequent first, or ranges (numbers), ascending.

    The first range starts at the least value and the last ends at the greatest. `missing_count` candidates
    have no value. A candidate with several values counts once for each.
    """

    key: str
    values: tuple[FacetValue, ...] = ()
    ranges: tuple[FacetRange, ...] = ()
    missing_count: int = 0


def check_facet_keys(columns: Columns, keys: Sequence[str]) -> tuple[Column, ...]:
    """The column of each key. More than MAX_KEYS, or one whose values are not counted, is
    InvalidArgumentError("facet_keys"), an unknown one UnknownFieldError.
    """
    if len(keys) > MAX_KEYS:
        raise InvalidArgumentError(
            "facet_keys", f"facet_keys has {len(keys)} entries; at most {MAX_KEYS} are counted."
        )
    return tuple(_countable(columns, key) for key in keys)


def count_facets(
    columns: Columns, keys: Sequence[str], rows: RowArray, limit: int = DEFAULT_LIMIT
) -> tuple[Facet, ...]:
    """One facet for each key, in their order, over the candidates `rows` (unique, any order).

    Equal counts go by normalised value. A category counts for every level above it, as "Kitchen > Coffee",
    so that the value of a facet can be put into a filter as it is.
    Raises as `check_facet_keys`.
    """
    found = zip(keys, check_facet_keys(columns, keys), strict=True)
    return tuple(_count(key, column, rows, limit) for key, column in found)


def _countable(columns: Columns, key: str) -> Column:
    column = require(columns, key, "facet_keys")
    if key not in COUNTED_FIELDS and not key.startswith(ATTRIBUTE_PREFIX):
        raise InvalidArgumentError(
            "facet_keys",
            f"facet_keys names {key}, whose values are not counted; "
            f"name one of {', '.join(COUNTED_FIELDS)} or an attribute.",
            name=key,
        )
    return column


def _count(key: str, column: Column, rows: RowArray, limit: int) -> Facet:
    values, with_value = column.values_of(rows)
    missing = len(rows) - with_value
    if column.kind in (ColumnKind.NUMBER, ColumnKind.DATE):
        return Facet(key, ranges=count_ranges(values), missing_count=missing)
    distinct, counts = _occurrences(values)
    order = np.lexsort((distinct, -counts))[:limit]
    labels = [_label(column, value) for value in distinct[order]]
    found = zip(labels, counts[order], strict=True)
    return Facet(key, tuple(FacetValue(label, int(count)) for label, count in found), missing_count=missing)


def _occurrences(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if values.dtype == np.int32 and len(values) and values.max() <= 4 * len(values):
        counts = np.bincount(values)  # several times faster than sorting, while few of the places are empty
        distinct = np.flatnonzero(counts)
        return distinct, counts[distinct]
    return np.unique(values, return_counts=True)


def _label(column: Column, value: Any) -> str:
    if column.kind is ColumnKind.BOOLEAN:
        return "true" if value else "false"
    return column.label(value)


def count_ranges(values: NDArray[np.float64]) -> tuple[FacetRange, ...]:
    """At most RANGES ranges that share the values about evenly, their inner bounds rounded to the fewest
    significant digits that keep them apart. Prices are skewed: even steps would put nearly all in one range.
    """
    if len(values) == 0:
        return ()
    least, greatest = float(values.min()), float(values.max())
    quantiles = np.quantile(values, np.arange(1, RANGES) / RANGES, method="higher")
    bounds = _readable([float(q) for q in np.unique(quantiles)], least, greatest)
    edges = [least, *bounds, greatest]
    counts = np.bincount(np.searchsorted(bounds, values, side="right"), minlength=len(bounds) + 1)
    return tuple(
        FacetRange(lower, upper, int(count))
        for lower, upper, count in zip(edges[:-1], edges[1:], counts, strict=True)
        if count
    )


def _readable(quantiles: list[float], least: float, greatest: float) -> list[float]:
    wanted = [q for q in quantiles if least < q <= greatest]
    for digits in range(1, 16):
        rounded = sorted({float(f"{q:.{digits - 1}e}") for q in wanted})
        bounds = [bound for bound in rounded if least < bound <= greatest]
        if len(bounds) == len(wanted):
            return bounds
    return wanted
