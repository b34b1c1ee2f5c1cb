"""The columns of a catalogue, read where they lie: slices of memory-mapped Arrow tables."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.backends.column_tables import TEXT_KINDS
from engine.backends.product_fields import LEVELS, normalised, word_text
from engine.types import ColumnKind, RowArray

_NO_CODES = np.empty(0, np.int32)


class StoredColumn:
    """One field; fits the stages' `Column`. `dictionary` has a row for each of its codes."""

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

    def codes_equal(self, text: str) -> NDArray[np.int32]:
        wanted = normalised(text, self.kind)
        if self.kind is ColumnKind.PATH and wanted:
            lower_levels = _positions(pc.ends_with(self._texts, pattern=LEVELS + wanted))
            return np.union1d(lower_levels, self._code_of(wanted))
        return self._code_of(wanted)

    def codes_containing(self, text: str) -> NDArray[np.int32]:
        wanted = word_text(normalised(text, self.kind))
        return _positions(pc.match_substring(self._dictionary.column("word_text"), pattern=wanted))

    def label(self, code: int) -> str:
        return str(self._dictionary.column("label")[code].as_py())

    def first_labels(self, rows: RowArray) -> list[str]:
        """For each row the label of its (first) value, "" where it has none. For text and paths only."""
        if not len(self.rows):
            return [""] * len(rows)
        at = np.minimum(np.searchsorted(self.rows, rows.astype(self.rows.dtype)), len(self.rows) - 1)
        codes = pa.array(self.values[at], mask=self.rows[at] != rows)
        return [label or "" for label in self._dictionary.column("label").take(codes).to_pylist()]

    def _code_of(self, wanted: str) -> NDArray[np.int32]:
        size = len(self._texts)
        at = bisect_left(range(size), wanted, key=lambda code: self._texts[code].as_py())
        found = at < size and self._texts[at].as_py() == wanted
        return np.array([at], np.int32) if found else _NO_CODES


class ColumnStore:
    """All fields of `size` products; fits the stages' `Columns`. Columns are made when first asked for."""

    def __init__(self, tables: Mapping[str, pa.RecordBatch], size: int) -> None:
        self._size = size
        self._tables = tables
        self._fields = {entry["name"]: entry for entry in tables["fields"].to_pylist()}
        self._names = tuple(sorted(self._fields))
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

    def _column(self, entry: Mapping[str, Any]) -> StoredColumn:
        kind = ColumnKind(entry["kind"])
        table = self._tables["text_entries" if kind in TEXT_KINDS else "number_entries"]
        start, count = entry["start"], entry["stop"] - entry["start"]
        rows, values = (column.slice(start, count).to_numpy() for column in table.columns)
        dictionary = self._tables["dictionary"].slice(entry["first_code"], entry["code_count"])
        every_row_once = entry["single"] and count == self._size
        return StoredColumn(kind, rows, values, every_row_once=every_row_once, dictionary=dictionary)


def _positions(flags: pa.BooleanArray) -> NDArray[np.int32]:
    return np.flatnonzero(flags.to_numpy(zero_copy_only=False)).astype(np.int32)
