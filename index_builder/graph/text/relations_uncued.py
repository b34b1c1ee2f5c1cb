"""Finds known targets that no cue announces: "Phaser 3130 toner cartridge" names a printer, not itself.

Only names that are known from elsewhere count (see `targets`), and models listed beside one that look like
it: B420 of "B420 & B430" when B430 is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index_builder.graph.text.relations_spans import Item, ItemKind, Word, pieces, words_of
from index_builder.graph.text.targets import (
    TargetNames,
    is_measure,
    is_shaped,
    is_wild,
    may_be_measure,
    shape_of,
)

MIN_SERIES = 5
"""A series stands alone for its devices when so many other products name devices of it, one
of the same brand among them: another maker's "Modern" is a word.
"""
MIN_DIGITS = 3
"""A model without its series has so many digits: "C6" may be anything. The x of "E35x" counts."""
_NUMBER = re.compile(r"^\d{3,5}[^\W\d_]{0,4}\+?$")
_CONTINUES = re.compile(r"^\d+[^\W\d_]{0,5}\+?$")
_BACK = re.compile(r"[a-z]+\+?$")
_WORDS = 4
_VARIANT = 3


def uncued_items(text: str, names: TargetNames, row: int, said: frozenset[str] = frozenset()) -> list[Item]:
    """In order of the text, none overlapping another. What only product `row` itself says is not known,
    but for `said`: models that its other text, or a cue, names as targets.
    """
    items: list[Item] = []
    before: Sequence[Word] = ()
    for start, end, slash in pieces(text, 0, len(text)):
        words = words_of(text, start, end)
        found = _in_piece(words, names, row, said)
        if before and words:
            joined = bool(items) and items[-1].end == before[-1].end
            if not found and joined and slash and _CONTINUES.match(words[0].text):
                items[-1] = Item(items[-1].start, words[0].end, ItemKind.MODEL)
            elif _looks_like(before[-1], words[0], names):
                first_found = bool(found) and found[0].start == words[0].start
                if first_found and not joined:
                    items.append(Item(before[-1].start, before[-1].end, ItemKind.MODEL))
                elif joined and not first_found:
                    items.append(Item(words[0].start, words[0].end, ItemKind.MODEL))
        items.extend(found)
        before = words
    return items


def _looks_like(one: Word, other: Word, names: TargetNames) -> bool:
    shape = shape_of(one.key)
    alike = bool(shape) and shape == shape_of(other.key)
    return alike and names.is_model(one.key) and names.is_model(other.key)


def _in_piece(words: Sequence[Word], names: TargetNames, row: int, said: frozenset[str]) -> list[Item]:
    found = []
    place = 0
    while place < len(words):
        item, place = _at(words, place, names, row, said)
        if item is not None:
            found.append(item)
    return found


def _at(
    words: Sequence[Word], place: int, names: TargetNames, row: int, said: frozenset[str]
) -> tuple[Item | None, int]:
    """The longest item that begins at a word, and the place to look on from."""
    first = words[place].key
    for length in range(min(_WORDS, len(words) - place), 0, -1):
        if length > 1 and (first in names.common or is_measure(first)):
            continue
        run = words[place : place + length]
        if _is_known(run, names, row) or (length == 1 and first in said):
            digits = any(letter.isdigit() for word in run for letter in word.key)
            kind = ItemKind.MODEL if digits else ItemKind.NAME
            if kind is ItemKind.NAME and _goes_on(words[place + length :]):
                return None, place + length
            return Item(run[0].start, run[-1].end, kind), place + length
    return None, place + 1


def _goes_on(words: Sequence[Word]) -> bool:
    """Whether a series is followed by what may tell its models apart ("Inspiron 13", "Symmetra RM"): the
    name is longer, nobody knows how much.
    """
    if not words:
        return False
    first = words[0]
    digits = any(letter.isdigit() for letter in first.key) and not is_measure(first.key)
    return digits or first.key.isdecimal() or (first.text.isupper() and len(first.text) <= _VARIANT)


def _is_known(run: Sequence[Word], names: TargetNames, row: int) -> bool:
    key = " ".join(word.key for word in run)
    last = run[-1].key
    if len(run) == 1 and names.is_model(last):
        return _is_known_model(last, names, row)
    if len(run) > 1 and (is_shaped(last) or _NUMBER.match(last)):
        if is_measure(last) and not last.isdecimal():
            return False
        front = " ".join(word.key for word in run[:-1])
        return names.others(names.series, front, row) > 1 or names.others(names.names, key, row) > 0
    keys = [word.key for word in run]
    if run[0].text == run[0].key or run[0].key in names.common or names.is_class(keys) or key in names.brands:
        return False
    if len(run) > 1 and names.others(names.names, key, row) > 0:
        return True
    several = len(key) > 3 and names.others(names.series, key, row) >= MIN_SERIES
    return several and names.same_brand(names.series, key, row)


def _is_known_model(key: str, names: TargetNames, row: int) -> bool:
    """By itself, without the letters behind its number, or as a range ("e35x") that others' models are in."""
    if is_wild(key):
        return key.rstrip("x") in names.prefixes
    if may_be_measure(key):
        return False
    if sum(letter.isdigit() for letter in key) < MIN_DIGITS:
        return False
    if names.others(names.models, key, row) > 0:
        return True
    stem = _BACK.sub("", key)
    return stem != key and len(stem) > MIN_DIGITS and names.others(names.models, stem, row) > 0
