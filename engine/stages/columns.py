"""What filters, facets and orders need of the catalogue: its fields as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from engine.errors import UnknownFieldError
from engine.types import ColumnKind, RowArray

ATTRIBUTE_PREFIX = "attributes."
SUGGESTIONS = 3
LEAST_LIKENESS = 60.0
"""Of 100, by rapidfuzz's ratio; below it a suggestion puzzles more than it helps."""


class Column(Protocol):
    """The entries of one field, sparse: a product without a value has none, one with a list has several."""

    @property
    def kind(self) -> ColumnKind: ...

    @property
    def rows(self) -> NDArray[np.int32]:
        """The row of each entry, ascending."""
        ...

    @property
    def values(self) -> NDArray[Any]:
        """Of each entry: a float64 for numbers, booleans and dates; for text and paths an int32 code.
        Codes count from 0 in the order of the normalised texts.
        """
        ...

    @property
    def every_row_once(self) -> bool:
        """Whether entry i is the one value of row i."""
        ...

    def codes_equal(self, text: str) -> NDArray[np.int32]:
        """Codes of the values that are `text`, both normalised; for a path, whose last names are `text`."""
        ...

    def codes_containing(self, text: str) -> NDArray[np.int32]:
        """Codes of the values in which the words of `text` (at least one) stand side by side. Words are runs
        of letters and digits, normalised; each Chinese, Japanese or Korean character is one by itself.
        """
        ...

    def label(self, code: int) -> str:
        """The shop's most frequent spelling of a value."""
        ...


class Columns(Protocol):
    """All fields of a catalogue of `len()` products."""

    def __len__(self) -> int: ...

    def names(self) -> Sequence[str]:
        """Every field, sorted; attributes as `attributes.KEY`, the key bare."""
        ...

    def field(self, name: str) -> Column | None: ...


def require(columns: Columns, name: str, request_field: str) -> Column:
    """The column of that name; UnknownFieldError with the closest names when there is none."""
    column = columns.field(name)
    if column is None:
        raise UnknownFieldError(request_field, name, _suggestions(name, columns.names()))
    return column


def written(name: str) -> str:
    """A field as a filter writes it: keys that are not plain words go in quotes."""
    key = name.removeprefix(ATTRIBUTE_PREFIX)
    if key == name or (key and all(c.isalnum() or c in "_-." for c in key) and ".." not in f".{key}."):
        return name
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{ATTRIBUTE_PREFIX}"{quoted}"'


def entries_of(column: Column, rows: RowArray) -> NDArray[np.intp]:
    """Positions of the entries of these rows, ascending. `rows` are unique."""
    if column.every_row_once:
        return np.sort(rows).astype(np.intp, copy=False)
    if len(rows) * 8 > len(column.rows):  # then one pass over all entries is cheaper than a search for each
        wanted = np.zeros(1 + max(rows.max(initial=0), column.rows.max(initial=0)), np.bool_)
        wanted[rows] = True
        return np.flatnonzero(wanted[column.rows])
    ordered = np.sort(rows).astype(column.rows.dtype)
    first = np.searchsorted(column.rows, ordered, "left")
    count = np.searchsorted(column.rows, ordered, "right") - first
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.asarray(np.repeat(first, count) + within)


def first_value_of(column: Column, rows: RowArray) -> NDArray[np.float64]:
    """For each row its (first) value or code as float64, NaN where it has none; in the order of `rows`."""
    if column.every_row_once:
        return column.values[rows].astype(np.float64)
    found = np.full(len(rows), np.nan)
    if len(column.rows):
        at = np.searchsorted(column.rows, rows.astype(column.rows.dtype))
        at[at == len(column.rows)] = 0
        has_value = column.rows[at] == rows
        found[has_value] = column.values[at[has_value]]
    return found


def _suggestions(name: str, names: Sequence[str]) -> tuple[str, ...]:
    as_attribute = ATTRIBUTE_PREFIX + name
    if as_attribute in names:
        return (written(as_attribute),)
    key = name.removeprefix(ATTRIBUTE_PREFIX)  # the prefix that all share would make all look alike
    by_key = {candidate: candidate.removeprefix(ATTRIBUTE_PREFIX) for candidate in names}
    close = process.extract(
        key.casefold(),
        by_key,
        scorer=fuzz.ratio,
        processor=str.casefold,
        limit=SUGGESTIONS,
        score_cutoff=LEAST_LIKENESS,
    )
    return tuple(written(candidate) for _, _, candidate in close)
