"""Literals of a filter read as the kind of the column they are compared with."""

from __future__ import annotations

import math
import re
from datetime import date

from engine.text import normalise
from engine.types import ColumnKind

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = date(1970, 1, 1).toordinal()
_BOOLEANS = {"true": 1.0, "false": 0.0}

EXAMPLES = {
    ColumnKind.NUMBER: "a number such as 200 or 1.5e3",
    ColumnKind.BOOLEAN: "true or false",
    ColumnKind.DATE: 'a date such as "2024-01-31"',
}


def read_literal(text: str, kind: ColumnKind) -> float | None:
    """The literal as its column holds it (see ColumnKind), or None when it is nothing of that kind.

    Quotes make no difference: `price < "200"` is `price < 200`.
    """
    match kind:
        case ColumnKind.NUMBER:
            return _number(text)
        case ColumnKind.BOOLEAN:
            return _BOOLEANS.get(normalise(text))
        case ColumnKind.DATE:
            return _days(text)
        case _:
            return None


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _days(text: str) -> float | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return float(date.fromisoformat(text).toordinal() - _EPOCH)
    except ValueError:  # the 31st of February
        return None
