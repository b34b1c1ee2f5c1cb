"""A raw row under a mapping: Product's fields by Product's names, everything else as attributes."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from index_builder.sources.mapping import AttributeKind, Mapping
from index_builder.sources.rows import RawRow

_NOT_A_WORD = re.compile(r"[\W_]+")
_EMPTY_CELLS = frozenset({"null", "NULL", "N/A", "n/a", "#N/A"})
_MAX_KEY = 100
_MAX_DEPTH = 3


class AttributeName(NamedTuple):
    """`stated` is the type that the mapping states for it, None when it is to be inferred."""

    key: str
    stated: AttributeKind | None


class UntypedText(str):
    """A cell of a format that knows text only: its type is inferred over the whole column."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class MappedRow:
    """`fields` holds only what the row fills; values are as they were read."""

    source: RawRow
    fields: Dictionary[str, Any]
    attributes: tuple[tuple[AttributeName, Any], ...]


@lru_cache(maxsize=65536)
def attribute_key(name: str) -> str:
    """Lower case, anything but letters and digits made one underscore: `Weight (kg)` -> `weight_kg`."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return _NOT_A_WORD.sub("_", folded)[:_MAX_KEY].strip("_")


class Renaming:
    """A mapping made ready to be applied to many rows."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._wanted = {
            field: tuple(_comparable(name) for name in names) for field, names in mapping.fields if names
        }
        self._known = {name for names in self._wanted.values() for name in names}
        self._ignored = {_comparable(name) for name in mapping.ignore}
        self._named: dict[str, AttributeName | None] = {}

    def apply(self, row: RawRow) -> MappedRow:
        filled = {name: value for name, value in row.values.items() if not _is_empty(value, row.typed)}
        by_name = {_comparable(name): name for name in filled if _comparable(name) in self._known}
        fields: dict[str, Any] = {}
        used: set[str] = set()
        nested: Dictionary[str, Any] = {}
        for field, names in self._wanted.items():
            source = next(
                (by_name[name] for name in names if name in by_name and by_name[name] not in used), None
            )
            if source is None:
                continue
            if field == "attributes":
                found = _as_attributes(filled[source])
                if found is None:  # plain text or a plain list: an attribute like any other
                    continue
                nested = found
            else:
                fields[field] = filled[source]
            used.add(source)
        rest = {name: value for name, value in filled.items() if name not in used}
        return MappedRow(row, fields, tuple(self._attributes(rest, nested, row.typed)))

    def _attributes(
        self, rest: Dictionary[str, Any], nested: Dictionary[str, Any], typed: bool
    ) -> Iterator[tuple[AttributeName, Any]]:
        for name, value in _flat(rest):
            if _comparable(name) not in self._ignored and (attribute := self._name(name)):
                yield attribute, value if typed or not isinstance(value, str) else UntypedText(value)
        for name, value in _flat(nested):
            if not _is_empty(value, True) and (attribute := self._name(name)):
                yield attribute, value

    def _name(self, raw: str) -> AttributeName | None:
        if raw not in self._named:
            self._named[raw] = self._new_name(raw)
        return self._named[raw]

    def _new_name(self, raw: str) -> AttributeName | None:
        rules = self._mapping.attributes
        bare, stated = raw.strip(), None
        for prefix, kind in rules.prefixes.items():
            if bare.startswith(prefix):
                bare, stated = bare.removeprefix(prefix), kind
                break
        key = attribute_key(rules.rename.get(bare, bare))
        return AttributeName(key, rules.types.get(key, stated)) if key else None


def _comparable(name: str) -> str:
    return attribute_key(name).replace("_", "")


def _is_empty(value: Any, typed: bool) -> bool:
    if isinstance(value, str):
        return not value.strip() or (not typed and value.strip() in _EMPTY_CELLS)
    return value is None or (isinstance(value, (list, tuple, dict)) and not value)


def _as_attributes(value: Any) -> Dictionary[str, Any] | None:
    """An object, JSON text of one, or a list of pairs or of {"name": .., "value": ..} objects."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        return value
    pairs = [_pair(item) for item in value] if isinstance(value, list) else [None]
    return {pair[0]: pair[1] for pair in pairs if pair} if all(pairs) else None


def _pair(item: Any) -> tuple[str, Any] | None:
    if isinstance(item, dict):
        name = item.get("name", item.get("key"))
        return (name, item.get("value")) if isinstance(name, str) and "value" in item else None
    if isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str):
        return item[0], item[1]
    return None


def _flat(values: Dictionary[Any, Any], depth: int = 1) -> Iterator[tuple[str, Any]]:
    """Objects inside objects become joined names, down to three levels; what lies deeper stays as it is."""
    for name, value in values.items():
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from ((f"{name} {inner}", deeper) for inner, deeper in _flat(value, depth + 1))
        else:
            yield str(name), value
