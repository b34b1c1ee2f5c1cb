"""order_by: sorts the candidates by fields instead of by relevance (AIP-132)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidArgumentError
from engine.stages.columns import ATTRIBUTE_PREFIX, Column, Columns, require, written
from engine.types import ColumnKind, RowArray

SCORE = "score"
MAX_LENGTH = 1_000
MAX_KEYS = 8
_SORTED_FIELDS = ("price", "date_released", "title")
_QUOTED = r'"(?:[^"\\]|\\["\\])*"'
_NAME = re.compile(rf"""\s*([^\s,."]+(?:\.(?:{_QUOTED}|[^\s,."]+))*)\s*""")
_DIRECTION = re.compile(r"(asc\b|desc\b|)\s*(,|\Z)")
_QUOTED_KEY = re.compile(_QUOTED)


@dataclass(frozen=True, slots=True)
class OrderKey:
    """`field` is "score" or a field's name with its key bare."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class OrderBy:
    """The first key decides, the next among its equals. Without keys: by descending score."""

    keys: tuple[OrderKey, ...] = ()


BY_SCORE = OrderBy()


def parse_order_by(text: str, columns: Columns) -> OrderBy:
    """Comma-separated fields, each with an optional " desc" (" asc" is allowed, and the default, for `score`
    too, as in AIP-132); blank text is BY_SCORE. Attribute keys that are not plain words are quoted, as in a
    filter. Fields: score, price, date_released, title and attributes that are numbers.
    UnknownFieldError or InvalidArgumentError("order_by"), with the position where it does not read.
    """
    order = _parse(text) if text.strip() else BY_SCORE
    for key in order.keys:
        if key.field != SCORE:
            _sortable(columns, key.field)
    return order


def _parse(text: str) -> OrderBy:
    if len(text) > MAX_LENGTH:
        raise InvalidArgumentError(
            "order_by", f"order_by has {len(text):,} characters; at most {MAX_LENGTH:,}."
        )
    keys: list[OrderKey] = []
    position, comma = 0, ","
    while comma:
        name = _NAME.match(text, position)
        end = _DIRECTION.match(text, name.end()) if name else None
        if name is None or end is None:
            raise _unreadable(text, name.end() if name else position)
        direction, comma = end.groups()
        keys.append(OrderKey(_bare(name[1]), direction == "desc"))
        position = end.end()
    _refuse_repeats(keys)
    return OrderBy(tuple(keys))


def order_rows(
    order: OrderBy, columns: Columns, rows: RowArray, scores: NDArray[np.floating[Any]]
) -> NDArray[np.intp]:
    """The permutation that sorts `rows` (n,) with their `scores` (n,): `rows[permutation]` is in order.

    Products without a value come last, whatever the direction. Equals go by descending score, then by row.
    Titles sort as normalised text by code point. UnknownFieldError or InvalidArgumentError("order_by").
    """
    if len(rows) != len(scores):
        raise ValueError(f"{len(rows)} rows with {len(scores)} scores")
    sorts: list[NDArray[np.float64]] = []  # most significant first; numpy.lexsort wants the reverse
    for key in order.keys:
        values = _values(key, columns, rows, scores)
        missing = np.isnan(values)
        values = np.where(missing, 0.0, -values if key.descending else values)
        sorts += [missing.astype(np.float64), values]
    tail = [-scores.astype(np.float64), rows.astype(np.float64)]
    return np.lexsort([*reversed(tail), *reversed(sorts)])


def _values(
    key: OrderKey, columns: Columns, rows: RowArray, scores: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    if key.field == SCORE:
        return scores.astype(np.float64)
    return _sortable(columns, key.field).first_values(rows)


def _sortable(columns: Columns, name: str) -> Column:
    column = require(columns, name, "order_by")
    is_attribute = name.startswith(ATTRIBUTE_PREFIX)
    if name in _SORTED_FIELDS or (is_attribute and column.kind is ColumnKind.NUMBER):
        return column
    problem = f"holds {column.kind.value} values" if is_attribute else "is not sorted by"
    raise InvalidArgumentError(
        "order_by",
        f"order_by names {written(name)}, which {problem}; "
        f"name {SCORE}, {', '.join(_SORTED_FIELDS)} or an attribute that is a number.",
        name=name,
    )


def _bare(name: str) -> str:
    return _QUOTED_KEY.sub(lambda quoted: re.sub(r"\\(.)", r"\1", quoted.group()[1:-1]), name)


def _unreadable(text: str, position: int) -> InvalidArgumentError:
    return InvalidArgumentError(
        "order_by",
        f"order_by does not parse at character {position}: {text[:position]}⟨here⟩{text[position:]}. "
        'Write fields with an optional desc, separated by commas, as in "score desc, price".',
        position=position,
    )


def _refuse_repeats(keys: list[OrderKey]) -> None:
    names = [key.field for key in keys]
    if len(names) > MAX_KEYS:
        raise InvalidArgumentError("order_by", f"order_by has {len(names)} fields; at most {MAX_KEYS}.")
    for name in names:
        if names.count(name) > 1:
            raise InvalidArgumentError("order_by", f"order_by names {name} more than once.", name=name)
