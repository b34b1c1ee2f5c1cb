"""The columns of a catalogue, read where they lie: slices of memory-mapped Arrow tables."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.backends.column_tables import TEXT_KINDS
from engine.backends.product_fields import LEVELS, normalised
from engine.text import has_cjk
from engine.types import ColumnKind

_WORD_CHARACTER = r"\pL\pM\pN"
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"  # as engine.text.has_cjk
_NO_CODES = np.empty(0, np.int32)


class StoredColumn:
    """One field; fits the stages' `Column`. `words` and `labels` are those of its codes."""

    def __init__(
        self,
        kind: ColumnKind,
        rows: NDArray[np.int32],
        values: NDArray[Any],
        *,
        every_row_once: bool,
        words: pa.LargeStringArray,
        labels: pa.LargeStringArray,
    ) -> None:
        self.kind = kind
        self.rows = rows
        self.values = values
        self.every_row_once = every_row_once
        self._words = words
        self._labels = labels

    def codes_equal(self, text: str) -> NDArray[np.int32]:
        wanted = normalised(text, self.kind)
        if self.kind is ColumnKind.PATH and wanted:
            is_last = pc.ends_with(self._words, pattern=LEVELS + wanted)
            found = np.flatnonzero(is_last.to_numpy(zero_copy_only=False))
            return np.union1d(found, self._code_of(wanted)).astype(np.int32)
        return self._code_of(wanted)

    def codes_containing(self, text: str) -> NDArray[np.int32]:
        wanted = normalised(text, self.kind)
        hits = pc.match_substring(self._words, pattern=wanted).to_numpy(zero_copy_only=False)
        candidates = np.flatnonzero(hits).astype(np.int32)
        if len(candidates) == 0:
            return _NO_CODES
        whole = pc.match_substring_regex(self._words.take(pa.array(candidates)), pattern=_whole_words(wanted))
        return np.asarray(candidates[whole.to_numpy(zero_copy_only=False)])

    def label(self, code: int) -> str:
        return str(self._labels[code].as_py())

    def _code_of(self, wanted: str) -> NDArray[np.int32]:
        size = len(self._words)
        at = bisect_left(range(size), wanted, key=lambda code: self._words[code].as_py())
        found = at < size and self._words[at].as_py() == wanted
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
        words, labels = (
            column.slice(entry["first_code"], entry["code_count"]) for column in self._tables["dictionary"].columns
        )
        return StoredColumn(
            kind, rows, values, every_row_once=entry["single"] and count == self._size, words=words, labels=labels
        )


def _whole_words(wanted: str) -> str:
    r"""An RE2 pattern: no letter, mark or digit next to the ends of `wanted`, unless one of the two is
    Chinese, Japanese or Korean, which is written without blanks. Normalised text has no capitals, so the
    `\E` that ends the quoted part can not occur in it.
    """
    left = rf"(?:^|[^{_WORD_CHARACTER}]|[{_CJK}])" if _joins(wanted[0]) else ""
    right = rf"(?:$|[^{_WORD_CHARACTER}]|[{_CJK}])" if _joins(wanted[-1]) else ""
    return rf"{left}\Q{wanted}\E{right}"


def _joins(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" and not has_cjk(character)
