"""What filters, facets and orders need of the catalogue: its fields as columns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from engine.errors import UnknownFieldError
from engine.types import ColumnKind, Mask, RowArray

ATTRIBUTE_PREFIX = "attributes."
SUGGESTIONS = 3
LEAST_LIKENESS = 60.0
"""Of 100, by rapidfuzz's ratio; below it a suggestion puzzles more than it helps."""


class Column(Protocol):
    """The values of one field. A product without a value has none, one with a list has several.

    Numbers, booleans and dates are float64. A text or path is a place: a number, the same for equal texts,
    that sorts as the normalised texts do, by code point.
    """

    @property
    def kind(self) -> ColumnKind: ...

    def values_of(self, rows: RowArray) -> tuple[NDArray[Any], int]:
        """Every value of these rows, which are unique, in any order; and how many of the rows have one."""
        ...

    def first_values(self, rows: RowArray) -> NDArray[np.float64]:
        """For each row its (first) value, NaN where it has none; in the order of `rows`."""
        ...

    def label(self, place: float) -> str:
        """The shop's most frequent spelling of a text or path."""
        ...


class EntryColumn(Protocol):
    """One field as it is held, sparse: an entry for each value of each product."""

    @property
    def kind(self) -> ColumnKind: ...

    @property
    def rows(self) -> NDArray[np.int32]:
        """The row of each entry, ascending."""
        ...

    @property
    def values(self) -> NDArray[Any]:
        """Of each entry: a float64 for numbers, booleans and dates; for text and paths an int32 code."""
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


class Part(Protocol):
    """The fields of `len()` products that are held together, with rows of their own, from 0."""

    def __len__(self) -> int: ...

    def field(self, name: str) -> EntryColumn | None:
        """None when no product of this part has a value."""
        ...


class Columns(Protocol):
    """All fields of a catalogue of `len()` rows."""

    def __len__(self) -> int: ...

    def names(self) -> Sequence[str]:
        """Every field, sorted; attributes as `attributes.KEY`, the key bare."""
        ...

    def field(self, name: str) -> Column | None: ...

    def mask(self, condition: Hashable, holds: Callable[[Part], Mask]) -> Mask:
        """One flag for every row, not to be changed: what `holds` says of each part of the catalogue. Rows
        without a product are False. Equal conditions have the same answer, which may be remembered.
        """
        ...


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
