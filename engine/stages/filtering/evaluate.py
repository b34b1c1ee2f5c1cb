"""Checks a filter against columns, which finds every mistake in it, and evaluates it.

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
from engine.stages.columns import Column, Columns, EntryColumn, Part, require, written
from engine.stages.filtering.literals import EXAMPLES, read_literal
from engine.stages.filtering.nodes import And, Comparison, Node, Not, Operator, Or, Presence
from engine.text import normalise
from engine.types import ColumnKind, Mask

_COMPARE: Mapping[Operator, Callable[[NDArray[Any], float], Mask]] = {
    Operator.EQUAL: python_operator.eq,
    Operator.HAS: python_operator.eq,
    Operator.NOT_EQUAL: python_operator.ne,  # one value a product: "none is equal" is "it is not equal"
    Operator.LESS: python_operator.lt,
    Operator.LESS_EQUAL: python_operator.le,
    Operator.GREATER: python_operator.gt,
    Operator.GREATER_EQUAL: python_operator.ge,
}
_TEXT_KINDS = (ColumnKind.TEXT, ColumnKind.PATH)
_UNORDERED = (Operator.EQUAL, Operator.NOT_EQUAL, Operator.HAS)
_UNORDERED_KINDS = {
    ColumnKind.TEXT: "text",
    ColumnKind.PATH: "a category",
    ColumnKind.BOOLEAN: "true or false",
}


def check(node: Node, columns: Columns) -> None:
    """UnknownFieldError("filter") for a field of no product, InvalidArgumentError("filter") for a literal or
    an operator that does not suit the field's kind; both carry the `position` in their metadata.
    """
    match node:
        case Comparison():
            _check_comparison(node, _column(node, columns).kind)
        case Presence():
            _column(node, columns)
        case Not(term):
            check(term, columns)
        case And(terms) | Or(terms):
            for term in terms:
                check(term, columns)
        case _:
            assert_never(node)


def evaluate(node: Node, part: Part) -> Mask:
    """One flag for every row, True where the filter holds. It has passed `check`: a field that the part lacks
    is one without a value.
    """
    match node:
        case Comparison():
            column = part.field(node.field)
            return _none(part) if column is None else _compared(node, column, len(part))
        case Presence(field):
            column = part.field(field)
            return _none(part) if column is None else _present(column, len(part))
        case Not(term):
            return ~evaluate(term, part)
        case And(terms):
            mask = np.ones(len(part), np.bool_)
            for term in terms:
                mask &= evaluate(term, part)
            return mask
        case Or(terms):
            mask = _none(part)
            for term in terms:
                mask |= evaluate(term, part)
            return mask
        case _:
            assert_never(node)


def _none(part: Part) -> Mask:
    return np.zeros(len(part), np.bool_)


def _column(node: Comparison | Presence, columns: Columns) -> Column:
    try:
        return require(columns, node.field, "filter")
    except UnknownFieldError as error:
        error.metadata["position"] = str(node.position)
        raise


def _check_comparison(node: Comparison, kind: ColumnKind) -> None:
    if kind in _UNORDERED_KINDS and node.operator not in _UNORDERED:
        raise _unsuitable(node, f"is {_UNORDERED_KINDS[kind]}; compare it with =, != or :")
    if kind not in _TEXT_KINDS:
        _literal(node, kind)
    elif node.operator is Operator.HAS and not any(c.isalnum() for c in normalise(node.value)):
        raise _unsuitable(node, f"is asked for no word at all; write {written(node.field)}:* for any value")


def _compared(node: Comparison, column: EntryColumn, size: int) -> Mask:
    if column.kind not in _TEXT_KINDS:
        compare, value = _COMPARE[node.operator], _literal(node, column.kind)
        return _rows_with(column, compare(column.values, value), size)
    if node.operator is Operator.HAS:
        return _rows_of_codes(column, column.codes_containing(node.value), size)
    equal = _rows_of_codes(column, column.codes_equal(node.value), size)
    return equal if node.operator is Operator.EQUAL else _present(column, size) & ~equal


def _rows_of_codes(column: EntryColumn, codes: NDArray[np.int32], size: int) -> Mask:
    if len(codes) == 0:
        return np.zeros(size, np.bool_)
    entries = column.values == codes[0] if len(codes) == 1 else np.isin(column.values, codes, kind="table")
    return _rows_with(column, entries, size)


def _present(column: EntryColumn, size: int) -> Mask:
    return _rows_with(column, np.ones(len(column.rows), np.bool_), size)


def _rows_with(column: EntryColumn, entries: Mask, size: int) -> Mask:
    if column.every_row_once:
        return entries
    mask = np.zeros(size, np.bool_)
    mask[column.rows[entries]] = True
    return mask


def _literal(node: Comparison, kind: ColumnKind) -> float:
    value = read_literal(node.value, kind)
    if value is None:
        raise _unsuitable(node, f"is compared with {node.value[:50]!r}, but takes {EXAMPLES[kind]}")
    return value


def _unsuitable(node: Comparison, problem: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "filter",
        f"In the filter at character {node.position}, {written(node.field)} {problem}.",
        position=node.position,
        name=node.field,
    )
