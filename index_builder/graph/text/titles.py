"""A title prepared for reading: folded, cut into words, each word marked by what is known of it already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.text import normalise, singular
from engine.types import Product
from index_builder.graph.attributes import MAX_VALUE_LENGTH, Role, role_of, texts_of, values_of
from index_builder.graph.evidence import Label
from index_builder.graph.text.folded import Folded, fold
from index_builder.graph.text.gazetteer import Gazetteer, Match
from index_builder.graph.text.lexicons import text_lexicons
from index_builder.graph.text.quantities import Quantity, other_measures, quantities
from index_builder.graph.text.words import Word, words_of

MODEL_KEYS = frozenset(
    {
        "model", "model_number", "model_name", "model_no", "mpn", "part_number", "part_no", "product_code",
        "manufacturer_part_number", "article_number", "型号", "货号", "款号", "产品型号",
    }
)  # fmt: skip
"""Attributes that state a product's own number or name."""


_MODEL = "model"
_SHADES = (Role.COLOR, Role.MATERIAL)
_WORD_BREAK = re.compile(r"[\s,/()]+")


class Mark(StrEnum):
    """What a word is known to be, before types, series and models are looked for."""

    PLAIN = "plain"
    BRAND = "brand"
    COLOR = "color"
    QUANTITY = "quantity"
    """Part of any measure, whether it is labelled or not."""
    QUALITY = "quality"
    FUNCTION = "function"
    CODE = "code"
    """It has a digit."""


@dataclass(frozen=True, slots=True)
class Statements:
    """What a product's attributes say, in normal form: `words` of values, singular, but for those of types,
    names and models; `phrases` those values that have several; whole `colors`, `materials`, `types` and
    `models` (its own numbers or names); `fits`: whether it states what it is compatible with.
    """

    words: frozenset[str]
    phrases: tuple[str, ...]
    colors: frozenset[str]
    materials: frozenset[str]
    types: tuple[str, ...]
    models: tuple[str, ...]
    fits: bool


@dataclass(frozen=True, slots=True)
class Title:
    """`brand` is the product's own, normalised."""

    brand: str
    folded: Folded
    words: Sequence[Word]
    marks: Sequence[Mark]
    quantities: Sequence[Quantity]
    matches: Sequence[Match]
    stated: Statements

    def goes_on(self, place: int) -> bool:
        """Whether the word at `place` is a plain one that nothing parts from the word before."""
        return place < len(self.words) and self.words[place].joined and self.marks[place] is Mark.PLAIN

    def stops(self, place: int) -> bool:
        """Whether a noun phrase may end before the word at `place`."""
        return not self.goes_on(place) or self.words[place].single in self.stated.words


def prepare(product: Product, gazetteer: Gazetteer) -> Title:
    folded = fold(product.title)
    brand = normalise(product.brand)
    found = quantities(folded)
    matches = gazetteer.find(folded.text, brand)
    words = words_of(folded)
    measured = [(each.start, each.end) for each in found] + other_measures(folded)
    marks = tuple(_mark(word, measured, matches, brand) for word in words)
    return Title(brand, folded, words, marks, found, matches, _statements(product))


def _mark(word: Word, measured: Sequence[tuple[int, int]], matches: Sequence[Match], brand: str) -> Mark:
    for match in matches:
        if match.start <= word.start and word.end <= match.end:
            labels = {entry.label for entry in match.entries}
            if any(entry.label is Label.BRAND and entry.brand == brand for entry in match.entries):
                return Mark.BRAND
            if Label.COLOR in labels:
                return Mark.COLOR
    if any(start < word.end and word.start < end for start, end in measured):
        return Mark.QUANTITY
    if all(part in text_lexicons().quality for part in word.text.split("-")) or (
        word.text in text_lexicons().quality
    ):
        return Mark.QUALITY
    if word.is_function:
        return Mark.FUNCTION
    return Mark.CODE if word.has_digit else Mark.PLAIN


def _statements(product: Product) -> Statements:
    words: set[str] = set()
    phrases: dict[str, None] = {}
    whole: dict[Role | str, dict[str, None]] = {}
    for key, value in product.attributes.items():
        role: Role | str = _MODEL if normalise(key) in MODEL_KEYS else role_of(key)
        if role == _MODEL:
            whole.setdefault(role, {}).update(dict.fromkeys(map(normalise, texts_of(value))))
            continue
        names = dict.fromkeys(normalise(text) for text in values_of(value, split_slash=role in _SHADES))
        whole.setdefault(role, {}).update(names)
        if role not in (Role.PRODUCT_TYPE, Role.LABEL, Role.COMPATIBILITY):
            for text in texts_of(value):
                if len(text) <= MAX_VALUE_LENGTH:
                    words.update(singular(word) for word in _WORD_BREAK.split(normalise(text)))
            phrases.update((name, None) for name in names if " " in name and role is Role.VALUE)
    return Statements(
        words=frozenset(words),
        phrases=tuple(phrases),
        colors=frozenset(whole.get(Role.COLOR, ())),
        materials=frozenset(whole.get(Role.MATERIAL, ())),
        types=tuple(whole.get(Role.PRODUCT_TYPE, ())),
        models=tuple(name for name in whole.get(_MODEL, ()) if name),
        fits=Role.COMPATIBILITY in whole,
    )
