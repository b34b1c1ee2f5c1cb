"""Evaluates a filter over columns.

What is missing: every comparison with a missing value is false, `!=` too, and NOT turns that round. So
`brand != "HP"` asks for products of another brand, `NOT brand = "HP"` for all that are not known to be HP's.
Several values: `=` and `:` hold when one of them does, `!=` when none of them is equal.
"""

from __future__ import annotations

import operator as python_operator
from collections.abc import Callable, Mapping
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidArgumentError, UnknownFieldError
from engine.stages.columns import Column, Columns, require, written
from engine.stages.filtering.literals import EXAMPLES, read_literal
from engine.stages.filtering.nodes import And, Comparison, Filter, Not, Operator, Or, Presence
from engine.text import normalise
from engine.types import ColumnKind, Mask

_COMPARE: Mapping[Operator, Callable[[NDArray[Any], float], Mask]] = {
    Operator.EQUAL: python_operator.eq,
    Operator.HAS: python_operator.eq,
    Operator.LESS: python_operator.lt,
    Operator.LESS_EQUAL: python_operator.le,
    Operator.GREATER: python_operator.gt,
    Operator.GREATER_EQUAL: python_operator.ge,
}
_TEXT_OPERATORS = (Operator.EQUAL, Operator.NOT_EQUAL, Operator.HAS)


def evaluate(node: Filter, columns: Columns) -> Mask:
    """One flag for every row, True where the filter holds.

    UnknownFieldError("filter") for a field of no product, InvalidArgumentError("filter") for a literal or an
    operator that does not suit the field's kind; both carry the `position` in their metadata.
    """
    match node:
        case Comparison():
            return _compare(node, _column(node, columns), len(columns))
        case Presence():
            return _present(_column(node, columns), len(columns))
        case Not(term):
            return ~evaluate(term, columns)
        case And(terms):
            return _all_of(terms, columns)
        case Or(terms):
            return ~_all_of(tuple(Not(term) for term in terms), columns)
        case _:
            assert_never(node)


def _all_of(terms: tuple[Filter, ...], columns: Columns) -> Mask:
    mask = np.ones(len(columns), np.bool_)
    for term in terms:
        mask &= evaluate(term, columns)
    return mask


def _column(node: Comparison | Presence, columns: Columns) -> Column:
    try:
        return require(columns, node.field, "filter")
    except UnknownFieldError as error:
        error.metadata["position"] = str(node.position)
        raise


def _compare(node: Comparison, column: Column, size: int) -> Mask:
    if node.operator is Operator.NOT_EQUAL:
        return _present(column, size) & ~_rows_with(column, _entries_equal(node, column), size)
    if column.kind in (ColumnKind.TEXT, ColumnKind.PATH):
        entries = _entries_of_text(node, column)
    else:
        value = _literal(node, column)
        if column.kind is ColumnKind.BOOLEAN and node.operator not in _TEXT_OPERATORS:
            raise _unsuitable(node, "is true or false; compare it with =, != or :")
        entries = _COMPARE[node.operator](column.values, value)
    return _rows_with(column, entries, size)


def _entries_equal(node: Comparison, column: Column) -> Mask:
    if column.kind in (ColumnKind.TEXT, ColumnKind.PATH):
        return _has_code(column, column.codes_equal(node.value))
    return np.asarray(column.values == _literal(node, column))


def _entries_of_text(node: Comparison, column: Column) -> Mask:
    if node.operator is Operator.EQUAL:
        return _entries_equal(node, column)
    if node.operator is not Operator.HAS:
        raise _unsuitable(node, "is text; compare it with =, != or :")
    if not normalise(node.value):
        raise _unsuitable(node, f"is asked for no word at all; write {written(node.field)}:* for any value")
    return _has_code(column, column.codes_containing(node.value))


def _has_code(column: Column, codes: NDArray[np.int32]) -> Mask:
    if len(codes) == 1:
        return np.asarray(column.values == codes[0])
    return np.isin(column.values, codes, kind="table") if len(codes) else np.zeros(len(column.values), np.bool_)


def _literal(node: Comparison, column: Column) -> float:
    value = read_literal(node.value, column.kind)
    if value is None:
        raise _unsuitable(node, f"is compared with {node.value[:50]!r}, but takes {EXAMPLES[column.kind]}")
    return value


def _present(column: Column, size: int) -> Mask:
    return _rows_with(column, np.ones(len(column.rows), np.bool_), size)


def _rows_with(column: Column, entries: Mask, size: int) -> Mask:
    if column.every_row_once:
        return entries
    mask = np.zeros(size, np.bool_)
    mask[column.rows[entries]] = True
    return mask


def _unsuitable(node: Comparison, problem: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "filter",
        f"In the filter at character {node.position}, {written(node.field)} {problem}.",
        position=node.position,
        name=node.field,
    )
