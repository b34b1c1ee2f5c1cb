"""The columns of a catalogue, read where they lie: slices of memory-mapped Arrow tables."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.backends.arrow_numbers import column_of, numbers
from engine.backends.column_tables import SCHEMAS, TEXT_KINDS
from engine.backends.product_fields import LEVELS, normalised, word_text
from engine.caching import Cache
from engine.deadline import Deadline
from engine.types import ColumnKind, Mask, RowArray

_NO_CODES = np.empty(0, np.int32)


class StoredColumn:
    """One field; fits the stages' `Column` and `EntryColumn`. `dictionary` has a row for each code, in
    the order of the normalised texts, so that a code is a text's place.
    """

    def __init__(
        self,
        kind: ColumnKind,
        rows: NDArray[np.int32],
        values: NDArray[Any],
        *,
        every_row_once: bool,
        dictionary: pa.RecordBatch,
    ) -> None:
        self.kind = kind
        self.rows = rows
        self.values = values
        self.every_row_once = every_row_once
        self._dictionary = dictionary
        self._texts = dictionary.column("normalised")

    @classmethod
    def empty(cls, kind: ColumnKind) -> Self:
        """A field of which no product has a value."""
        values = np.empty(0, np.int32 if kind in TEXT_KINDS else np.float64)
        no_texts = pa.RecordBatch.from_pylist([], SCHEMAS["dictionary"])
        return cls(kind, np.empty(0, np.int32), values, every_row_once=False, dictionary=no_texts)

    @property
    def code_count(self) -> int:
        return len(self._texts)

    def values_of(self, rows: RowArray) -> tuple[NDArray[Any], int]:
        if self.every_row_once:
            return self.values[rows], len(rows)
        entries = self._entries_of(rows)
        return self.values[entries], int(np.count_nonzero(np.diff(self.rows[entries], prepend=-1)))

    def first_values(self, rows: RowArray) -> NDArray[np.float64]:
        if self.every_row_once:
            return self.values[rows].astype(np.float64)
        found = np.full(len(rows), np.nan)
        at, has_value = self._first_entries(rows)
        found[has_value] = self.values[at[has_value]]
        return found

    def first_labels(self, rows: RowArray) -> list[str]:
        """For each row the label of its (first) value, "" where it has none. For text and paths only."""
        if not len(self.rows):
            return [""] * len(rows)
        at, has_value = self._first_entries(rows)
        codes = column_of(self.values[at], has_value)
        return [label or "" for label in self._dictionary.column("label").take(codes).to_pylist()]

    def codes_equal(self, text: str) -> NDArray[np.int32]:
        wanted = normalised(text, self.kind)
        if self.kind is ColumnKind.PATH and wanted:
            lower_levels = _positions(pc.ends_with(self._texts, pattern=LEVELS + wanted))
            return np.union1d(lower_levels, self._code_of(wanted))
        return self._code_of(wanted)

    def codes_containing(self, text: str) -> NDArray[np.int32]:
        wanted = word_text(normalised(text, self.kind))
        return _positions(pc.match_substring(self._dictionary.column("word_text"), pattern=wanted))

    def label(self, place: float) -> str:
        return str(self._dictionary.column("label")[int(place)].as_py())

    def text(self, code: int) -> str:
        """Normalised."""
        return str(self._texts[code].as_py())

    def find(self, text: str) -> tuple[int, bool]:
        """How many texts of this column sort before a normalised text, and whether the next is that text."""
        size = len(self._texts)
        at = bisect_left(range(size), text, key=self.text)
        return at, at < size and self.text(at) == text

    def _code_of(self, wanted: str) -> NDArray[np.int32]:
        at, found = self.find(wanted)
        return np.array([at], np.int32) if found else _NO_CODES

    def _entries_of(self, rows: RowArray) -> NDArray[np.intp]:
        """Positions of the entries of these rows, ascending. `rows` are unique."""
        if len(rows) * 8 > len(self.rows):  # then one pass over all entries is cheaper than a search for each
            wanted = np.zeros(1 + max(rows.max(initial=0), self.rows.max(initial=0)), np.bool_)
            wanted[rows] = True
            return np.flatnonzero(wanted[self.rows])
        ordered = np.sort(rows).astype(self.rows.dtype)
        first = np.searchsorted(self.rows, ordered, "left")
        count = np.searchsorted(self.rows, ordered, "right") - first
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return np.asarray(np.repeat(first, count) + within)

    def _first_entries(self, rows: RowArray) -> tuple[NDArray[np.intp], Mask]:
        """For each row the position of its first entry, and whether it has one."""
        if not len(self.rows):
            return np.zeros(len(rows), np.intp), np.zeros(len(rows), np.bool_)
        at = np.searchsorted(self.rows, rows.astype(self.rows.dtype))
        at[at == len(self.rows)] = 0
        return at, self.rows[at] == rows


class ColumnStore:
    """All fields of `size` products; fits the stages' `Columns` and `Part`. Columns are made when first asked
    for; the masks of the last `remembered_masks` conditions are kept, `size` bytes each.
    """

    def __init__(self, tables: Mapping[str, pa.RecordBatch], size: int, *, remembered_masks: int = 0) -> None:
        self._size = size
        self._tables = tables
        self._masks: Cache[Hashable, Mask] = Cache(remembered_masks)
        self._fields = {entry["name"]: entry for entry in tables["fields"].to_pylist()}
        self._names = tuple(sorted(self._fields))
        self.kinds: Mapping[str, ColumnKind] = {
            name: ColumnKind(entry["kind"]) for name, entry in self._fields.items()
        }
        self._columns: dict[str, StoredColumn] = {}

    def __len__(self) -> int:
        return self._size

    def names(self) -> Sequence[str]:
        return self._names

    def field(self, name: str) -> StoredColumn | None:
        column = self._columns.get(name)
        if column is None and name in self._fields:
            column = self._columns.setdefault(name, self._column(self._fields[name]))
        return column

    def mask(self, condition: Hashable, holds: Callable[[ColumnStore], Mask]) -> Mask:
        def make() -> Mask:
            mask = holds(self)
            mask.flags.writeable = False  # others will read it
            return mask

        return self._masks.get(condition, make, Deadline.none())[0]

    def _column(self, entry: Mapping[str, Any]) -> StoredColumn:
        kind = self.kinds[entry["name"]]
        table = self._tables["text_entries" if kind in TEXT_KINDS else "number_entries"]
        start, count = entry["start"], entry["stop"] - entry["start"]
        rows, values = (numbers(column.slice(start, count)) for column in table.columns)
        dictionary = self._tables["dictionary"].slice(entry["first_code"], entry["code_count"])
        every_row_once = entry["single"] and count == self._size
        return StoredColumn(kind, rows, values, every_row_once=every_row_once, dictionary=dictionary)


def _positions(flags: pa.BooleanArray) -> NDArray[np.int32]:
    return numbers(pc.indices_nonzero(flags)).astype(np.int32)
