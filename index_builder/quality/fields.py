"""A Product's own fields but for the price: each read from whatever the shop wrote, or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from engine.types import Availability, ProductId
from index_builder.quality.text import clean, cut
from index_builder.quality.verdicts import RejectedRowError, Warn, shown
from index_builder.sources.rows import Problem

MAX_ID = 128
MAX_TITLE = 1_000
MAX_DESCRIPTION = 20_000
MAX_TEXT = 2_000
_IMAGE_URI = re.compile(r"(?i:https?://|/|[\w.-]+/)\S+|[\w.-]+\.\w+")
_YEARS = range(1900, 2101)

_AVAILABILITIES = {
    Availability.IN_STOCK: "instock instoreonly onlineonly limitedavailability lowstock available yes true",
    Availability.OUT_OF_STOCK: "outofstock soldout unavailable no false discontinued notavailable",
    Availability.PREORDER: "preorder presale backorder backordered comingsoon",
    Availability.UNKNOWN: "unknown",
}
_AVAILABILITY = {word: state for state, words in _AVAILABILITIES.items() for word in words.split()}


def read_id(value: Any) -> ProductId:
    """The shop's id as it is, but for blanks around it; whole numbers become their digits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise RejectedRowError(Problem.BROKEN_ID, f"the id is a {type(value).__name__}, not a text")
    if isinstance(value, int) and abs(value) >= 10**MAX_ID:
        raise RejectedRowError(Problem.BROKEN_ID, f"the id is longer than {MAX_ID} characters")
    text = str(value).strip()
    if not text:
        raise RejectedRowError(Problem.MISSING_ID, "the row has no id")
    if len(text) > MAX_ID:
        raise RejectedRowError(Problem.BROKEN_ID, f"the id is longer than {MAX_ID} characters")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise RejectedRowError(Problem.BROKEN_ID, "the id holds white space or control characters")
    return ProductId(text)


def read_title(value: Any, warn: Warn) -> str:
    title = read_text(value, "title", MAX_TITLE, Problem.TITLE_CUT, warn)
    if not title:
        raise RejectedRowError(Problem.EMPTY_TITLE, "the row has no title")
    return title


def read_text(value: Any, field: str, limit: int, code: Problem, warn: Warn) -> str:
    """One clean line of at most `limit` characters. Numbers are text too; anything else is dropped."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = number_text(value)
    if not isinstance(value, str):
        warn(Problem.BAD_FIELD, f"{field} is a {type(value).__name__}, not a text; it was left out")
        return ""
    text = clean(value)
    if len(text) > limit:
        warn(code, f"{field} has {len(text):,} characters and was cut to {limit:,}")
    return cut(text, limit)


def number_text(number: float) -> str:
    """Shortest digits that give the number back; whole numbers without a point."""
    if isinstance(number, int):
        return str(number) if abs(number) < 10**40 else f"{Decimal(number):.6e}"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def read_category(value: Any, separator: str, warn: Warn) -> tuple[str, ...]:
    """A path given as a list, or as one text to cut. Of several whole paths the first is taken."""
    if isinstance(value, (list, tuple)):
        names = [name for name in value if isinstance(name, str)]
        if len(names) != len(value):
            warn(Problem.BAD_FIELD, "category holds something that is not a text; that was left out")
        paths = [name for name in names if separator in name]
        if len(paths) > 1:
            warn(Problem.SEVERAL_CATEGORIES, f"{len(paths)} category paths are given; the first was taken")
        parts = paths[0].split(separator) if paths else names
    else:
        parts = read_text(value, "category", MAX_TEXT, Problem.TEXT_CUT, warn).split(separator)
    return tuple(name for part in parts if (name := cut(clean(part), MAX_TEXT)))


def read_availability(value: Any, warn: Warn) -> Availability:
    """Words, schema.org addresses, yes and no, or a number of pieces."""
    if value is None:
        return Availability.UNKNOWN
    if isinstance(value, str):
        word = re.sub(r"[\W_]+", "", value.rsplit("/", 1)[-1].casefold())
        if word in _AVAILABILITY:
            return _AVAILABILITY[word]
    try:
        pieces = float(value) if isinstance(value, (str, int, float)) else -1.0
    except (ValueError, OverflowError):
        pieces = -1.0
    if pieces >= 0:
        return Availability.IN_STOCK if pieces > 0 else Availability.OUT_OF_STOCK
    warn(Problem.BAD_AVAILABILITY, f"the availability is not understood ({shown(value)}); taken as unknown")
    return Availability.UNKNOWN


def read_date(value: Any, formats: Sequence[str], warn: Warn) -> date | None:
    """ISO 8601 (a day, a moment, `YYYY-MM`, `YYYY`), or one of the mapping's formats."""
    if value is None:
        return None
    found = value if isinstance(value, date) else _written_date(str(value).strip(), formats)
    day = found.date() if isinstance(found, datetime) else found
    if day is None or day.year not in _YEARS:
        warn(Problem.BAD_DATE, f"the date is not understood ({shown(value)}); it was left out")
        return None
    return day


def _written_date(text: str, formats: Sequence[str]) -> date | None:
    if re.fullmatch("[0-9]{4}", text):
        text = f"{text}-01-01"
    elif re.fullmatch("[0-9]{4}[-/.][0-9]{1,2}([-/.][0-9]{1,2})?", text):
        parts = [*re.split("[-/.]", text), "1"]
        text = f"{parts[0]}-{parts[1]:0>2}-{parts[2]:0>2}"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for pattern in formats:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def read_image_uri(value: Any, warn: Warn) -> str:
    """An http(s) address or a path of the shop's own site; of a list the first."""
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    if first is None:
        return ""
    uri = first.strip() if isinstance(first, str) else ""
    if len(uri) <= MAX_TEXT and uri.isprintable() and _IMAGE_URI.fullmatch(uri):
        return uri
    warn(Problem.BAD_IMAGE_URI, f"the image address is not usable ({shown(first)}); it was left out")
    return ""
