"""Rows as they were read, and rows that could not be used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

_EXCERPT_LENGTH = 300


class Problem(StrEnum):
    """Why a row was set aside, or what was changed in a row that was kept. Stable: reports carry these."""

    BAD_JSON = "bad_json"
    NOT_AN_OBJECT = "not_an_object"
    BAD_CSV = "bad_csv"
    COLUMN_COUNT = "column_count"
    BAD_ENCODING = "bad_encoding"
    LINE_TOO_LONG = "line_too_long"
    UNREADABLE_ROW = "unreadable_row"

    MISSING_ID = "missing_id"
    BROKEN_ID = "broken_id"
    EMPTY_TITLE = "empty_title"
    BAD_PRICE = "bad_price"
    DUPLICATE_ID = "duplicate_id"
    DUPLICATE_ROW = "duplicate_row"
    DUPLICATE_CONTENT = "duplicate_content"

    EMPTY_QUERY = "empty_query"
    LONG_QUERY = "long_query"
    BAD_COUNT = "bad_count"

    BAD_EVENT = "bad_event"
    BAD_POSITION = "bad_position"

    TITLE_CUT = "title_cut"
    DESCRIPTION_CUT = "description_cut"
    TEXT_CUT = "text_cut"
    ZERO_PRICE = "zero_price"
    UNKNOWN_CURRENCY = "unknown_currency"
    BAD_DATE = "bad_date"
    BAD_AVAILABILITY = "bad_availability"
    BAD_IMAGE_URI = "bad_image_uri"
    BAD_FIELD = "bad_field"
    BAD_ATTRIBUTE = "bad_attribute"
    REPEATED_ATTRIBUTE = "repeated_attribute"
    SEVERAL_CATEGORIES = "several_categories"


HARMLESS = frozenset({Problem.DUPLICATE_ROW, Problem.DUPLICATE_CONTENT})
"""Set aside because they say nothing new; they do not count as bad rows."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One record of a file. `line` counts from 1 (the line where the record starts; the row in Parquet).

    `typed` is False where the format knows text only (CSV, TSV), so that types have to be inferred.
    """

    path: Path
    line: int
    values: dict[str, Any]
    typed: bool


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that could not be read; `row` is what can be shown of it."""

    path: Path
    line: int
    code: Problem
    reason: str
    row: str


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that did not become a product (or a past query), and why. `row` is an excerpt of it."""

    file: str
    line: int
    code: Problem
    reason: str
    row: str

    @classmethod
    def unread(cls, bad: BadRow) -> QuarantinedRow:
        return cls(str(bad.path), bad.line, bad.code, bad.reason, bad.row)

    @classmethod
    def rejected(cls, row: RawRow, code: Problem, reason: str) -> QuarantinedRow:
        return cls(str(row.path), row.line, code, reason, excerpt(row.values))


def excerpt(value: object) -> str:
    """At most 300 printable characters of a row, safe to write as UTF-8."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    cut = text if len(text) <= _EXCERPT_LENGTH else f"{text[: _EXCERPT_LENGTH - 1]}…"
    return "".join(c if c.isprintable() else "�" for c in cut)
