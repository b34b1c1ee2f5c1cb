"""Attribute values, and the type of each attribute over the whole catalogue.

A type is stated by the mapping or by the file (JSON, Parquet), or inferred from cells that know text only.
Inference is a join over everything seen under a key, so that neither the order of the rows nor the cutting
into files matters: equal types stay, a list among them makes a list of texts, anything else makes text.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from engine.types import AttributeValue
from index_builder.quality.fields import number_text
from index_builder.quality.text import clean, cut
from index_builder.quality.verdicts import Warn, shown
from index_builder.sources.mapping import AttributeKind
from index_builder.sources.renaming import AttributeName, UntypedText
from index_builder.sources.rows import Problem

ObservedValue: TypeAlias = AttributeValue | UntypedText

MAX_ATTRIBUTE = 10_000
"""Characters of one text. Statements of what a product fits run to thousands."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-][0-9]{1,3})?")
"""As programs print numbers. A leading zero (an EAN, a part number) or a bare `1E5` is a text."""
_MAX_DIGITS = 15
"""A longer whole number would not survive as a float: it is an identifier."""
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}
_STATED_BOOLEANS = _BOOLEANS | {"1": True, "0": False, "y": True, "n": False}
_TIE_ORDER = (AttributeKind.TEXT, AttributeKind.TEXTS, AttributeKind.NUMBER, AttributeKind.BOOLEAN)


def observe(name: str, value: Any, warn: Warn) -> ObservedValue | None:
    """A cell as a clean value whose type is not settled yet; None when it says nothing."""
    if isinstance(value, UntypedText):
        return UntypedText(_text(name, value, warn)) or None
    if isinstance(value, str):
        return _text(name, value, warn) or None
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)):
        return _number(name, value, warn)
    if isinstance(value, (list, tuple)):
        texts = [_item(name, item, warn) for item in value]
        return tuple(text for text in texts if text) or None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    warn(Problem.BAD_ATTRIBUTE, f"{name} is a {type(value).__name__}, which no attribute can be; left out")
    return None


def _text(name: str, value: str, warn: Warn) -> str:
    text = clean(value)
    if len(text) > MAX_ATTRIBUTE:
        warn(Problem.TEXT_CUT, f"{name} has {len(text):,} characters and was cut to {MAX_ATTRIBUTE:,}")
    return cut(text, MAX_ATTRIBUTE)


def _number(name: str, value: float | Decimal, warn: Warn) -> float | None:
    try:
        number = float(value)
    except (OverflowError, ValueError):
        number = math.inf
    if math.isfinite(number):
        return number
    if not math.isnan(number):
        warn(Problem.BAD_ATTRIBUTE, f"{name} is too large a number; left out")
    return None


def _item(name: str, item: Any, warn: Warn) -> str:
    observed = None if item is None else observe(name, item, warn)
    return "" if observed is None else " ".join(_texts(observed, separator=""))


def observed_kind(value: ObservedValue, separator: str) -> AttributeKind:
    if isinstance(value, bool):
        return AttributeKind.BOOLEAN
    if isinstance(value, float):
        return AttributeKind.NUMBER
    if isinstance(value, tuple):
        return AttributeKind.TEXTS
    if not isinstance(value, UntypedText):
        return AttributeKind.TEXT
    if _is_number(value):
        return AttributeKind.NUMBER
    if value.casefold() in _BOOLEANS:
        return AttributeKind.BOOLEAN
    return AttributeKind.TEXTS if separator in value else AttributeKind.TEXT


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and (len(text) <= _MAX_DIGITS or not text.isdigit())


def join(first: AttributeKind, second: AttributeKind) -> AttributeKind:
    """The least type that holds both. Commutative, associative, idempotent."""
    if first is second:
        return first
    return AttributeKind.TEXTS if AttributeKind.TEXTS in (first, second) else AttributeKind.TEXT


@dataclass(frozen=True, slots=True)
class SettledAttribute:
    """The name and type an attribute's values are stored under; `seen` counts what cells looked like."""

    key: str
    kind: AttributeKind
    seen: Dictionary[AttributeKind, int]


class AttributeTypes:
    """Collects what was seen under each attribute name, then settles one key and one type for it."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._seen: dict[AttributeName, Counter[AttributeKind]] = {}

    def add(self, name: AttributeName, value: ObservedValue) -> None:
        self._seen.setdefault(name, Counter())[observed_kind(value, self._separator)] += 1

    def settle(self) -> dict[AttributeName, SettledAttribute]:
        """Where one key comes with several stated types, the commonest type keeps the key and every other
        one is stored as `<key>_<type>`, so that nothing is lost and each key has one type.
        """
        by_key: dict[str, dict[AttributeKind, list[AttributeName]]] = {}
        for name in sorted(self._seen, key=lambda name: (name.key, name.stated or "")):
            by_key.setdefault(name.key, {}).setdefault(self._kind(name), []).append(name)
        settled: dict[AttributeName, SettledAttribute] = {}
        for key, kinds in by_key.items():
            for place, kind in enumerate(sorted(kinds, key=lambda kind: self._precedence(kinds[kind], kind))):
                stored = key if place == 0 else _free(f"{key}_{kind.value}", by_key)
                seen = sum((self._seen[name] for name in kinds[kind]), Counter[AttributeKind]())
                settled |= {name: SettledAttribute(stored, kind, seen) for name in kinds[kind]}
        return settled

    def _kind(self, name: AttributeName) -> AttributeKind:
        if name.stated is not None:
            return name.stated
        first, *others = self._seen[name]
        for other in others:
            first = join(first, other)
        return first

    def _precedence(self, names: list[AttributeName], kind: AttributeKind) -> tuple[int, int]:
        return -sum(self._seen[name].total() for name in names), _TIE_ORDER.index(kind)


def _free(key: str, taken: Dictionary[str, object]) -> str:
    while key in taken:
        key += "_"
    return key


def as_kind(value: ObservedValue, kind: AttributeKind, separator: str) -> AttributeValue | None:
    """The value under its settled type; None when the stated type does not fit it."""
    if kind is AttributeKind.TEXTS:
        return _texts(value, separator) or None
    if kind is AttributeKind.NUMBER:
        return _as_number(value)
    if kind is AttributeKind.BOOLEAN:
        return _as_boolean(value)
    return ", ".join(_texts(value, separator=""))


def _texts(value: ObservedValue, separator: str) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, UntypedText) and separator:
        return tuple(text for part in value.split(separator) if (text := part.strip()))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (number_text(value),) if isinstance(value, float) else (str(value),)


def _as_number(value: ObservedValue) -> float | None:
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return value if isinstance(value, float) else None


def _as_boolean(value: ObservedValue) -> bool | None:
    if isinstance(value, str):
        return _STATED_BOOLEANS.get(value.casefold())
    if isinstance(value, bool):
        return value
    return {0.0: False, 1.0: True}.get(value) if isinstance(value, float) else None


def misfit(key: str, kind: AttributeKind, value: ObservedValue) -> str:
    return f"{key} should be {kind.value}, but is {shown(value)}; left out"
