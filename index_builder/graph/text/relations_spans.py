"""Cuts what follows a cue into the things it names: "A100/A200, X-3 and notebooks" are four items.

An item is a name with a model number ("Acme X-1000"), a known name without one ("iPod") or a class of things
("KVM Switch"). Models that cannot stand alone stay in the span of the one before ("AB-1710/20/30").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.text import has_cjk, normalise, singular
from index_builder.graph.text.targets import TargetNames, is_measure, is_shaped

MAX_ITEMS = 12
MAX_NAME_WORDS = 6
MAX_CLASS_WORDS = 4
_STOP = re.compile(
    r"[.;:!?。；：](?=\s|$)|[。；：！？]|\s[-–—|•*]\s|[()\[\]\n（）【】]"
    r"|\s(?:with|w/|in|from|on|to|by|of|using|up|incl\w*|without|per|which|that|is|are|via|at|as|when|fitted"
    r"|equivalent|compatible|replaces|for)(?=[\s/])",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"\s*[,、，;]\s*(?:and\s+|&\s*|or\s+)?|\s*/\s*|\s+(?:and|or|und|et|&|\+)\s+|[和及与或]|\s*&\s*",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\s]+")
_TRIM = " .,:;!?'’*™®©-–()[]（）"
_LEADING_WORDS = """
    the a an any all your most common many several select selected various older newer other both certain
    use with in on our my its their two three four five six new popular leading specific 各种 多种 所有
"""
_LEADING = frozenset(_LEADING_WORDS.split())
_CONTINUES = re.compile(r"^(?:\d+[^\W\d_]{0,5}\+?|[^\W\d_]{1,3}\+?|\+)$")
_BEHIND = re.compile(
    r"^(?:(?!IP|UK|US|DE|HP)[A-Z]{1,3}\d?|MFPs?|[IVX]+|Pro|Plus|Mini|Max|XL|Touch|Ultra|Lite|Note)$"
)
_BARE_NUMBER = re.compile(r"^\d{3,5}[^\W\d_]{0,4}\+?$")
_SHORT_NUMBER = re.compile(r"^\d{1,2}[^\W\d_]?\+?$")
_NAME_WORD = re.compile(r"^(?:[^\W\d_a-z]|i[A-Z]|e[A-Z])[\w.+®™-]*$")
_CAMEL = re.compile(r"^(?:[ie][A-Z]|[A-Z]+[a-z]+[A-Z])[\w-]*$")
_CLOSING_WORDS = "series printer projector model type device laser family range"
_CLOSING = frozenset(_CLOSING_WORDS.split())


class ItemKind(StrEnum):
    MODEL = "model"
    NAME = "name"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class Item:
    """Characters `[start, end)` of a text name one thing, or a list that cannot be told apart."""

    start: int
    end: int
    kind: ItemKind


@dataclass(frozen=True, slots=True)
class Word:
    """`text` as written, `key` normalised, without the marks around it."""

    start: int
    end: int
    text: str
    key: str


def items_after(text: str, start: int, names: TargetNames, brand: str, kind: str = "") -> list[Item]:
    """The things named from character `start` on, in order; none when the first is none. `brand` is the
    product's own, normalised, and no part of a span; `kind` its own type, where
    a clause such as "for LX-9 memory module" ends when it has several words.
    """
    end = _before_own_type(text, start, _end_of_clause(text, start), kind)
    items: list[Item] = []
    for piece_start, piece_end, slash in pieces(text, start, end):
        words = words_of(text, piece_start, piece_end)
        if not words:
            continue
        if items and items[-1].kind is ItemKind.MODEL and _goes_on(text, items[-1], words, slash):
            items[-1] = Item(items[-1].start, words[0].end, ItemKind.MODEL)
            continue
        item = _item(words, names, brand)
        if item is None or len(items) == MAX_ITEMS:
            break
        items.append(item)
        if item.end < words[-1].end and item.kind is ItemKind.MODEL and not _only_closing(words, item, names):
            break
    return items


def _goes_on(text: str, last: Item, words: Sequence[Word], slash: bool) -> bool:
    """Whether a piece is the rest of a list that cannot stand alone: a number, or letters after a slash.
    Numbers beside a bare number ("3000cn and 3100cn") stand as well as that.
    """
    first = words[0]
    if text[last.start].isdigit() and not slash:
        return False
    alone = all(singular(word.key) in _CLOSING for word in words[1:])
    if not alone or _CONTINUES.match(first.text) is None:
        return False
    return slash or not (first.text.isalpha() or (is_measure(first.key) and not first.text.isdecimal()))


def words_of(text: str, start: int, end: int) -> list[Word]:
    """The words between two places, without marks around them, empty ones left out."""
    words = []
    for match in _TOKEN.finditer(text, start, end):
        bare = match.group().strip(_TRIM)
        if bare:
            begin = match.start() + match.group().index(bare)
            words.append(Word(begin, begin + len(bare), bare, normalise(bare)))
    return words


def trailing(words: Sequence[Word], end: int) -> int:
    """Where a name that goes up to word `end` ends with the short words behind it ("MFP", "II", "Plus")."""
    while end < len(words) and _BEHIND.match(words[end].text):
        end += 1
    return end


def _before_own_type(text: str, start: int, end: int, kind: str) -> int:
    if " " not in kind:
        return end
    place = text.lower().find(kind, start + 1, end)
    return place if place > start and text[start:place].strip() and not text[place - 1].isalnum() else end


def _end_of_clause(text: str, start: int) -> int:
    stop = _STOP.search(text, start + 1)
    return stop.start() if stop else len(text)


def pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Stretches between separators, and whether a slash stands before them."""
    slash = False
    for match in _SEPARATOR.finditer(text, start, end):
        yield start, match.start(), slash
        start, slash = match.end(), "/" in match.group()
    yield start, end, slash


def _item(words: Sequence[Word], names: TargetNames, brand: str) -> Item | None:
    words = _without_leading(words, brand)
    if not words:
        return None
    return (
        _plural(words, names) or _model(words, names) or _class(words, names)
        or _name(words, names) or _chinese(words, names)
    )  # fmt: skip


def _without_leading(words: Sequence[Word], brand: str) -> Sequence[Word]:
    makers = brand.split()
    while len(words) > 1 and (words[0].key in _LEADING or _is_count(words)):
        words = words[1:]
    if makers and len(words) > len(makers) and [word.key for word in words[: len(makers)]] == makers:
        words = words[len(makers) :]
    return words


def _is_count(words: Sequence[Word]) -> bool:
    """`5` of "5 adapters"; not of "80 mm fans" and "3000 pages"."""
    first, second = words[0].key, words[1].key
    return first.isdecimal() and len(first) < 3 and not is_measure(first + second)


def _plural(words: Sequence[Word], names: TargetNames) -> Item | None:
    """Several things ("Notebooks PF15.4"), so that the number behind them is not theirs."""
    first = words[0]
    numbered = len(words) > 1 and any(letter.isdigit() for letter in words[1].key)
    if numbered and singular(first.key) != first.key and names.is_class([first.key]):
        return Item(first.start, first.end, ItemKind.CLASS)
    return None


def _model(words: Sequence[Word], names: TargetNames) -> Item | None:
    """A run of name words up to the last model number among the first few words."""
    last = -1
    for place, word in enumerate(words[:MAX_NAME_WORDS]):
        before = words[place - 1] if place else None
        series = " ".join(each.key for each in words[:place]) in names.series
        numbered = before is not None and _is_number_of(before, word, series)
        if names.is_model(word.key) or numbered or (series and is_shaped(word.key)):
            last = place
        elif last >= 0 or not (
            _NAME_WORD.match(word.text) or word.key in names.series or word.key in names.brands
        ):
            break
    if last < 0:
        return None
    return Item(
        words[0].start, words[_numbers_behind(words, trailing(words, last + 1)) - 1].end, ItemKind.MODEL
    )


def _numbers_behind(words: Sequence[Word], end: int) -> int:
    """Where numbers end that only blanks part from a model ("WP 423 428"), when nothing follows them."""
    length = sum(letter.isdigit() for letter in words[end - 1].text)
    rest = words[end:]
    alike = all(
        _BARE_NUMBER.match(word.text) and sum(letter.isdigit() for letter in word.text) == length
        for word in rest
    )
    return len(words) if alike else end


def _is_number_of(before: Word, word: Word, series: bool) -> bool:
    """`4000` of "LaserJet 4000", `8` of "iPhone 8"; not the numbers of "Ages 6" and "30 pages".
    `series`: whether the words before are a known one.
    """
    named = _NAME_WORD.match(before.text) is not None and not any(c.isdigit() for c in before.text)
    if is_measure(word.key) and not word.key.isdecimal():
        return False
    if _BARE_NUMBER.match(word.text):
        return named or series
    return (
        _SHORT_NUMBER.match(word.text) is not None
        and named
        and (_CAMEL.match(before.text) is not None or series)
    )


def _class(words: Sequence[Word], names: TargetNames) -> Item | None:
    """As many words as end in a class; none when more words follow ("label applications") or a number
    that is no measure stands in front ("12000 pages").
    """
    if words[0].key.isdecimal() and not (len(words) > 1 and is_measure(words[0].key + words[1].key)):
        return None
    for end in range(min(len(words), MAX_CLASS_WORDS), 0, -1):
        keys = [word.key for word in words[:end]]
        if names.is_class(keys):
            later = [singular(word.key) for word in words[end:]]
            if any(word.isalpha() for word in later[:1]):
                return None
            return Item(words[0].start, words[end - 1].end, ItemKind.CLASS)
    return None


def _name(words: Sequence[Word], names: TargetNames) -> Item | None:
    """The longest known name, or a word with a capital inside ("LabelWriter")."""
    keys = [word.key for word in words]
    for end in range(min(len(words), MAX_NAME_WORDS), 0, -1):
        key = " ".join(keys[:end])
        known = key in names.names or (key in names.series and len(names.series[key]) > 1)
        taken = key in names.common or key in names.brands or names.is_class(keys[:end])
        if known and not taken:
            return Item(words[0].start, words[trailing(words, end) - 1].end, ItemKind.NAME)
    if _CAMEL.match(words[0].text):
        return Item(words[0].start, words[trailing(words, 1) - 1].end, ItemKind.NAME)
    return None


def _chinese(words: Sequence[Word], names: TargetNames) -> Item | None:
    """Written without blanks: the longest class at the beginning ("打印机墨盒" is for a 打印机)."""
    word = words[0]
    if has_cjk(word.text):
        for end in range(len(word.text), 1, -1):
            if normalise(word.text[:end]) in names.classes:
                return Item(word.start, word.start + end, ItemKind.CLASS)
    return None


def _only_closing(words: Sequence[Word], item: Item, names: TargetNames) -> bool:
    """Whether nothing but "series", "printers" and the like stands behind the item: a list may go on."""
    behind = [singular(word.key) for word in words if word.start >= item.end]
    return all(word in _CLOSING or word in names.classes for word in behind)
