"""Products turned into columns: four Arrow tables in which a field is a slice.

`fields`       name, kind, single (no row twice), start and stop in its entries, first_code and code_count
`text_entries` row, code: of text and path fields, one field after the other, by row, then code
`number_entries` row, value: of all other fields
`dictionary`   normalised, word_text, label: of each code of a field, in the order of the normalised texts
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.backends.product_fields import (
    ATTRIBUTE_PREFIX,
    BASE_FIELDS,
    FieldValue,
    attribute_kind,
    field_values,
    normalised,
    values_of,
    word_text,
)
from engine.types import ColumnKind, Product

TEXT_KINDS = (ColumnKind.TEXT, ColumnKind.PATH)
SCHEMAS = {
    "fields": pa.schema(
        [
            ("name", pa.string()),
            ("kind", pa.string()),
            ("single", pa.bool_()),
            ("start", pa.int64()),
            ("stop", pa.int64()),
            ("first_code", pa.int64()),
            ("code_count", pa.int64()),
        ]
    ),
    "text_entries": pa.schema([("row", pa.int32()), ("code", pa.int32())]),
    "number_entries": pa.schema([("row", pa.int32()), ("value", pa.float64())]),
    "dictionary": pa.schema([(name, pa.large_string()) for name in ("normalised", "word_text", "label")]),
}


def column_tables(
    products: Sequence[Product], *, kinds: Mapping[str, ColumnKind] = MappingProxyType({})
) -> dict[str, pa.RecordBatch]:
    """The tables of SCHEMAS. The same products in the same order give the same tables.

    `kinds` are those that fields have already; values that do not fit them are left out, and are named by
    `unfit_attributes`. Any other key whose values differ in kind between products becomes text.
    """
    kinds = kinds_of(products, kinds)
    collected = {name: _Entries(kind) for name, kind in sorted(kinds.items())}
    for row, product in enumerate(products):
        for name, value in field_values(product, kinds):
            collected[name].add(row, value)
    return _tables(collected)


def field_tables(products: Iterable[Product], name: str, kind: ColumnKind) -> dict[str, pa.RecordBatch]:
    """The tables of SCHEMAS with one field alone; an attribute without a value is none."""
    entries = _Entries(kind)
    for row, product in enumerate(products):
        for value in values_of(product, name, kind):
            entries.add(row, value)
    return _tables({name: entries})


def kinds_of(products: Iterable[Product], given: Mapping[str, ColumnKind]) -> dict[str, ColumnKind]:
    """Of the fields that these products may have; `given` may hold those of many more."""
    kinds = dict(BASE_FIELDS)
    for product in products:
        for key, value in product.attributes.items():
            name, kind = ATTRIBUTE_PREFIX + key, attribute_kind(value)
            if kind is None:
                continue
            if name in given:
                kinds[name] = given[name]
            elif kinds.setdefault(name, kind) is not kind:
                kinds[name] = ColumnKind.TEXT
    return kinds


@dataclass(slots=True)
class _Entries:
    """The entries of one field while they are collected; a spelling is a text as the shop wrote it."""

    kind: ColumnKind
    rows: array[int] = field(default_factory=lambda: array("i"))
    values: array[float] = field(default_factory=lambda: array("d"))
    spellings: dict[str, int] = field(default_factory=dict)

    def add(self, row: int, value: FieldValue) -> None:
        if isinstance(value, str):
            value = self.spellings.setdefault(value, len(self.spellings))
        self.rows.append(row)
        self.values.append(value)

    def finish(self) -> _Column:
        rows, values = np.array(self.rows, np.int32), np.array(self.values, np.float64)
        if self.kind not in TEXT_KINDS:
            return _Column(self.kind, rows, values, [], [])
        spelling = values.astype(np.int64)
        compared = [normalised(text, self.kind) for text in self.spellings]
        texts = sorted(set(compared) - {""})
        code_of = {text: code for code, text in enumerate(texts)} | {"": -1}
        code_of_spelling = np.array([code_of[text] for text in compared], np.int32)
        labels = _most_frequent(list(self.spellings), code_of_spelling, spelling, len(texts))
        codes = code_of_spelling[spelling]
        kept = codes >= 0
        rows, codes = _without_repeats(rows[kept], codes[kept])
        return _Column(self.kind, rows, codes, texts, labels)


def _without_repeats(
    rows: NDArray[np.int32], codes: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Sorted by row, then code; a list that spells one value twice has it once."""
    order = np.lexsort((codes, rows))
    rows, codes = rows[order], codes[order]
    first = np.ones(len(rows), np.bool_)
    first[1:] = (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])
    return rows[first], codes[first]


@dataclass(frozen=True, slots=True)
class _Column:
    kind: ColumnKind
    rows: NDArray[np.int32]
    values: NDArray[Any]
    texts: list[str]
    labels: list[str]


def _most_frequent(
    spellings: list[str], codes: NDArray[np.int32], occurrences: NDArray[np.int64], size: int
) -> list[str]:
    """Of each code the spelling that most products use; equally used ones go by code point."""
    counts = np.bincount(occurrences, minlength=len(spellings))
    best: list[tuple[int, str] | None] = [None] * size
    for text, code, count in zip(spellings, codes.tolist(), counts.tolist(), strict=True):
        if code >= 0:
            challenger = (-count, text)
            champion = best[code]
            best[code] = challenger if champion is None else min(champion, challenger)
    return [" ".join(champion[1].split()) for champion in best if champion is not None]


def _tables(collected: Mapping[str, _Entries]) -> dict[str, pa.RecordBatch]:
    fields: list[dict[str, Any]] = []
    done: dict[bool, list[_Column]] = {True: [], False: []}
    ends = {True: 0, False: 0}
    codes = 0
    for name, entries in collected.items():
        column, is_text = entries.finish(), entries.kind in TEXT_KINDS
        if not len(column.rows) and name not in BASE_FIELDS:
            continue  # nothing but blanks: as good as no field
        start, ends[is_text] = ends[is_text], ends[is_text] + len(column.rows)
        single = not np.any(column.rows[1:] == column.rows[:-1])
        fields.append(
            {"name": name, "kind": column.kind.value, "single": bool(single), "start": start,
             "stop": ends[is_text], "first_code": codes, "code_count": len(column.texts)}
        )  # fmt: skip
        codes += len(column.texts)
        done[is_text].append(column)
    return {
        "fields": pa.RecordBatch.from_pylist(fields, schema=SCHEMAS["fields"]),
        "text_entries": _entry_table("text_entries", done[True], np.int32),
        "number_entries": _entry_table("number_entries", done[False], np.float64),
        "dictionary": _dictionary(done[True]),
    }


def _entry_table(table: str, columns: list[_Column], dtype: type[np.generic]) -> pa.RecordBatch:
    rows = np.concatenate([np.empty(0, np.int32), *(column.rows for column in columns)])
    values = np.concatenate([np.empty(0, dtype), *(column.values for column in columns)])
    return pa.record_batch([pa.array(rows), pa.array(values)], schema=SCHEMAS[table])


def _dictionary(columns: list[_Column]) -> pa.RecordBatch:
    texts = [text for column in columns for text in column.texts]
    labels = [label for column in columns for label in column.labels]
    contents = (texts, [word_text(text) for text in texts], labels)
    arrays = [pa.array(content, pa.large_string()) for content in contents]
    return pa.record_batch(arrays, schema=SCHEMAS["dictionary"])
