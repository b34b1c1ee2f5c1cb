"""The shop's log of past queries: text, how often, and the products that followed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.text import normalise
from engine.types import ProductId
from index_builder.quality.catalogue import DEFAULT_MAX_BAD_SHARE, TooManyBadRowsError, most_frequent
from index_builder.quality.text import clean
from index_builder.quality.verdicts import RejectedRowError
from index_builder.sources.readers import read_rows
from index_builder.sources.renaming import attribute_key
from index_builder.sources.rows import BadRow, Problem, QuarantinedRow, RawRow

MAX_QUERY = 1_000
_TEXT = ("query", "text", "search_term", "q")
_COUNT = ("count", "frequency", "searches")
_PRODUCTS = ("product_ids", "products", "clicked")
_BETWEEN_IDS = re.compile(r"[\s|]+")


@dataclass(frozen=True, slots=True)
class RawPastQuery:
    """`count` >= 1; `product_ids` are unique, in the order given, and may name products that are no more."""

    text: str
    count: int
    product_ids: tuple[ProductId, ...] = ()


def load_past_queries(
    path: Path,
    *,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    on_bad_row: Callable[[QuarantinedRow], None] | None = None,
) -> list[RawPastQuery]:
    """Read a TSV, CSV, JSONL or Parquet file with the columns `query` (or `text`), `count` (1 where there is
    none) and `product_ids` (a list, or text separated by blanks or `|`).

    Queries that are the same once normalised are added up, in the order of their first lines. Each bad row
    goes to `on_bad_row`; above `max_bad_share` of them TooManyBadRowsError, a DataError, is raised.
    """
    merged: dict[str, RawPastQuery] = {}
    bad: list[QuarantinedRow] = []
    row_count = 0
    for row in read_rows(path):
        row_count += 1
        try:
            query = _query(row)
        except RejectedRowError as rejected:
            bad.append(_quarantined(row, rejected))
            if on_bad_row:
                on_bad_row(bad[-1])
        else:
            key = normalise(query.text)
            merged[key] = _added(merged[key], query) if key in merged else query
    if len(bad) > max_bad_share * row_count or not merged:
        problem = (
            f"{len(bad):,} of {row_count:,} past queries are bad ({max_bad_share:.1%} are accepted): "
            f"{most_frequent(bad)}."
        )
        raise TooManyBadRowsError(path, problem, tuple(bad))
    return list(merged.values())


def _quarantined(row: RawRow | BadRow, rejected: RejectedRowError) -> QuarantinedRow:
    if isinstance(row, BadRow):
        return QuarantinedRow.unread(row)
    return QuarantinedRow.rejected(row, rejected.code, rejected.reason)


def _query(row: RawRow | BadRow) -> RawPastQuery:
    if isinstance(row, BadRow):
        raise RejectedRowError(row.code, row.reason)
    cells = {attribute_key(str(name)): value for name, value in row.values.items()}
    if not any(name in cells for name in _TEXT):
        problem = f"no column is called query or text (there are: {', '.join(cells) or 'none'}). Rename one."
        raise DataError(row.path, problem, line=row.line)
    return RawPastQuery(
        _text(_first(cells, _TEXT)), _count(_first(cells, _COUNT)), _ids(_first(cells, _PRODUCTS))
    )


def _first(cells: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((cells[name] for name in names if cells.get(name) is not None), None)


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, (str, int, float)):
        raise RejectedRowError(Problem.EMPTY_QUERY, f"the query is a {type(value).__name__}, not a text")
    if isinstance(value, str) and len(value) > MAX_QUERY:
        raise RejectedRowError(Problem.LONG_QUERY, f"the query is longer than {MAX_QUERY:,} characters")
    text = clean("" if value is None else str(value))
    if not normalise(text):
        raise RejectedRowError(Problem.EMPTY_QUERY, "the row has no query")
    return text


def _count(value: Any) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return 1
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if isinstance(value, bool) or not 1 <= number < 2**53 or not number.is_integer():
        raise RejectedRowError(Problem.BAD_COUNT, "the count is not a whole number from 1")
    return int(number)


def _ids(value: Any) -> tuple[ProductId, ...]:
    if isinstance(value, str):
        value = _BETWEEN_IDS.split(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        value = [value]
    items = value if isinstance(value, (list, tuple)) else ()
    texts = [str(int(item)) if isinstance(item, float) and item.is_integer() else str(item) for item in items]
    return tuple(dict.fromkeys(ProductId(text.strip()) for text in texts if text.strip()))


def _added(first: RawPastQuery, second: RawPastQuery) -> RawPastQuery:
    together = tuple(dict.fromkeys(first.product_ids + second.product_ids))
    return RawPastQuery(first.text, first.count + second.count, together)
