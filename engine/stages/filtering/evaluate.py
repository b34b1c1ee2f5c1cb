"""Binds a filter to columns, which finds every mistake in it, and evaluates it.

What is missing: every comparison with a missing value is false, `!=` too, and NOT turns that round. So
`brand != "HP"` asks for products of another brand, `NOT brand = "HP"` for all that are not known to be HP's.
Several values: `=` and `:` hold when one of them does, `!=` when none of them is equal.
"""

from __future__ import annotations

import operator as python_operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidArgumentError, UnknownFieldError
from engine.stages.columns import Column, Columns, require, written
from engine.stages.filtering.literals import EXAMPLES, read_literal
from engine.stages.filtering.nodes import And, Comparison, Node, Not, Operator, Or, Presence
from engine.text import normalise
from engine.types import ColumnKind, Mask

Evaluation: TypeAlias = Callable[[], Mask]

_COMPARE: Mapping[Operator, Callable[[NDArray[Any], float], Mask]] = {
    Operator.EQUAL: python_operator.eq,
    Operator.HAS: python_operator.eq,
    Operator.NOT_EQUAL: python_operator.ne,  # one value a product: "none is equal" is "it is not equal"
    Operator.LESS: python_operator.lt,
    Operator.LESS_EQUAL: python_operator.le,
    Operator.GREATER: python_operator.gt,
    Operator.GREATER_EQUAL: python_operator.ge,
}
_UNORDERED = (Operator.EQUAL, Operator.NOT_EQUAL, Operator.HAS)
_UNORDERED_KINDS = {
    ColumnKind.TEXT: "text",
    ColumnKind.PATH: "a category",
    ColumnKind.BOOLEAN: "true or false",
}


def bind(node: Node, columns: Columns) -> Evaluation:
    """A function that gives one flag for every row, True where the filter holds.

    UnknownFieldError("filter") for a field of no product, InvalidArgumentError("filter") for a literal or an
    operator that does not suit the field's kind; both carry the `position` in their metadata.
    """
    match node:
        case Comparison():
            return _comparison(node, _column(node, columns), len(columns))
        case Presence():
            return partial(_present, _column(node, columns), len(columns))
        case Not(term):
            bound = bind(term, columns)
            return lambda: ~bound()
        case And(terms):
            return partial(_all_of, [bind(term, columns) for term in terms], len(columns))
        case Or(terms):
            return partial(_one_of, [bind(term, columns) for term in terms], len(columns))
        case _:
            assert_never(node)


def _all_of(terms: list[Evaluation], size: int) -> Mask:
    mask = np.ones(size, np.bool_)
    for term in terms:
        mask &= term()
    return mask


def _one_of(terms: list[Evaluation], size: int) -> Mask:
    mask = np.zeros(size, np.bool_)
    for term in terms:
        mask |= term()
    return mask


def _column(node: Comparison | Presence, columns: Columns) -> Column:
    try:
        return require(columns, node.field, "filter")
    except UnknownFieldError as error:
        error.metadata["position"] = str(node.position)
        raise


def _comparison(node: Comparison, column: Column, size: int) -> Evaluation:
    if column.kind in _UNORDERED_KINDS and node.operator not in _UNORDERED:
        raise _unsuitable(node, f"is {_UNORDERED_KINDS[column.kind]}; compare it with =, != or :")
    if column.kind not in (ColumnKind.TEXT, ColumnKind.PATH):
        compare, value = _COMPARE[node.operator], _literal(node, column)
        return lambda: _rows_with(column, compare(column.values, value), size)
    if node.operator is not Operator.HAS:
        rows_equal = partial(_rows_of_text, column, column.codes_equal, node.value, size)
        if node.operator is Operator.EQUAL:
            return rows_equal
        return lambda: _present(column, size) & ~rows_equal()
    if not any(character.isalnum() for character in normalise(node.value)):
        raise _unsuitable(node, f"is asked for no word at all; write {written(node.field)}:* for any value")
    return partial(_rows_of_text, column, column.codes_containing, node.value, size)


def _rows_of_text(column: Column, codes_of: Callable[[str], NDArray[np.int32]], text: str, size: int) -> Mask:
    codes = codes_of(text)
    if len(codes) == 0:
        return np.zeros(size, np.bool_)
    entries = column.values == codes[0] if len(codes) == 1 else np.isin(column.values, codes, kind="table")
    return _rows_with(column, entries, size)


def _present(column: Column, size: int) -> Mask:
    return _rows_with(column, np.ones(len(column.rows), np.bool_), size)


def _rows_with(column: Column, entries: Mask, size: int) -> Mask:
    if column.every_row_once:
        return entries
    mask = np.zeros(size, np.bool_)
    mask[column.rows[entries]] = True
    return mask


def _literal(node: Comparison, column: Column) -> float:
    value = read_literal(node.value, column.kind)
    if value is None:
        raise _unsuitable(node, f"is compared with {node.value[:50]!r}, but takes {EXAMPLES[column.kind]}")
    return value


def _unsuitable(node: Comparison, problem: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "filter",
        f"In the filter at character {node.position}, {written(node.field)} {problem}.",
        position=node.position,
        name=node.field,
    )
