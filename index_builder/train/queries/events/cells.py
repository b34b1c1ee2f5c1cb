"""One row of an events file: its fields by whatever usual name, judged cell by cell."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from engine.errors import DataError
from index_builder.quality.verdicts import RejectedRowError, shown
from index_builder.sources.rows import Problem, RawRow
from index_builder.train.queries.events.kinds import KINDS, EventKind, joined

NO_TIME = math.nan
MAX_ID, MAX_QUERY, MAX_POSITION = 500, 1_000, 1_000_000
_NAMES = {
    "kind": ("type", "event_type", "event", "event_name", "action", "behavior", "behaviour", "kind"),
    "query": ("query", "search_term", "search_query", "query_text", "text", "keyword", "q"),
    "product": ("product_id", "product", "item_id", "item", "sku", "asin", "docid", "doc_id"),
    "position": ("position", "rank", "pos", "product_position", "slot"),
    "shopper": ("shopper_id", "user_id", "visitor_id", "customer_id", "client_id", "anonymous_id", "shopper"),
    "session": ("session_id", "session"),
    "time": ("time", "timestamp", "event_time", "created_at", "ts", "datetime", "date"),
    "search": ("search_id", "query_id", "search", "request_id", "impression_id", "list_id"),
}
_FIELD_OF = {
    joined(name): (field, place) for field, names in _NAMES.items() for place, name in enumerate(names)
}
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Epochs above the first number are in parts of a second, the second of these to one: ns, us, ms."""
_LATEST = 4_102_444_800.0
"""2100-01-01."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,2})?", re.ASCII)
_SHOWN = 20


class Event(NamedTuple):
    """`query` and the ids are "" where the row has none, `position` 0; `time` is epoch seconds or NaN."""

    kind: EventKind
    query: str
    product: str
    position: int
    shopper: str
    search: str
    time: float


def read_event(row: RawRow) -> Event:
    """Raises RejectedRowError for a row that says nothing usable, DataError for a file that lacks columns."""
    values = _by_field(row)
    kind = _kind(values.get("kind"))
    query = _query(values.get("query"))
    if not query and kind < EventKind.CART:
        raise RejectedRowError(
            Problem.EMPTY_QUERY, "the row has no query, which only carts and purchases may lack"
        )
    product = _id(values.get("product"), "product_id")
    if not product:
        raise RejectedRowError(Problem.MISSING_ID, "the row has no product_id")
    shopper, session = (_id(values.get(name), f"{name}_id") for name in ("shopper", "session"))
    who = f"shopper {shopper}" if shopper else f"session {session}" if session else ""
    search = _id(values.get("search"), "search_id")
    return Event(
        kind, query, product, _position(values.get("position")), who, search, _time(values.get("time"))
    )


def _by_field(row: RawRow) -> dict[str, Any]:
    columns = _columns(tuple(row.values))
    if not row.typed and (
        missing := [field for field in ("kind", "query", "product") if field not in columns]
    ):
        called = " or ".join(_NAMES[missing[0]][:2])
        there = ", ".join(shown(name) for name in list(row.values)[:_SHOWN]) or "none"
        raise DataError(
            row.path, f"no column is called {called} (there are: {there}). Rename one.", line=row.line
        )
    return {field: row.values[name] for field, name in columns.items()}


@lru_cache(maxsize=4096)
def _columns(names: tuple[str, ...]) -> Mapping[str, str]:
    """Column by field; of several names of a field, the usual one."""
    found: dict[str, tuple[int, str]] = {}
    for name in names:
        field, place = _FIELD_OF.get(joined(str(name)), ("", 0))
        if field and (field not in found or place < found[field][0]):
            found[field] = (place, name)
    return {field: name for field, (_, name) in found.items()}


def _kind(value: Any) -> EventKind:
    kind = KINDS.get(joined(value)) if isinstance(value, str) and len(value) <= MAX_ID else None
    if kind is None:
        raise RejectedRowError(
            Problem.BAD_EVENT, f"the type {shown(value)!r} is none of impression, click, cart, purchase"
        )
    return kind


def _query(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RejectedRowError(Problem.EMPTY_QUERY, f"the query is a {type(value).__name__}, not a text")
    text = value if isinstance(value, str) else _number_text(value)
    if len(text) > MAX_QUERY:
        raise RejectedRowError(Problem.LONG_QUERY, f"the query is longer than {MAX_QUERY:,} characters")
    return text.strip()


def _id(value: Any, name: str) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RejectedRowError(Problem.BROKEN_ID, f"the {name} is a {type(value).__name__}, not an id")
    text = value.strip() if isinstance(value, str) else _number_text(value)
    if len(text) > MAX_ID:
        raise RejectedRowError(Problem.BROKEN_ID, f"the {name} is longer than {MAX_ID} characters")
    return text


def _number_text(value: float) -> str:
    """`12.0` is 12: a column of numbers with gaps is read as floats."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else "" if math.isnan(value) else str(value)
    return str(value) if abs(value) < 10**40 else "huge"


def _position(value: Any) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return 0
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if math.isnan(number) and not isinstance(value, str):
        return 0
    if isinstance(value, bool) or not 1 <= number <= MAX_POSITION or not number.is_integer():
        raise RejectedRowError(
            Problem.BAD_POSITION,
            f"the position {shown(value)} is not a whole number from 1 (add 1 where the log counts from 0)",
        )
    return int(number)


def _time(value: Any) -> float:
    try:
        seconds = _seconds(value)
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not (math.isnan(seconds) or 0 < seconds < _LATEST):
        raise RejectedRowError(
            Problem.BAD_DATE, f"the time {shown(value)} is neither ISO 8601 nor seconds since 1970"
        )
    return seconds


def _seconds(value: Any) -> float:
    """Without a zone: UTC."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return NO_TIME
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return _seconds(datetime.fromisoformat(value.strip()))
    number = float(value)
    return next((number / unit for least, unit in _UNITS if number > least), number)
