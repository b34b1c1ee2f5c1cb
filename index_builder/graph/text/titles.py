"""A title prepared for reading: folded, cut into words, each word marked by what is known of it already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.text import normalise, singular
from engine.types import Product
from index_builder.graph.attributes import MAX_VALUE_LENGTH, Role, role_of, texts_of
from index_builder.graph.evidence import Label
from index_builder.graph.text.folded import Folded, fold
from index_builder.graph.text.gazetteer import Gazetteer, Match
from index_builder.graph.text.lexicons import text_lexicons
from index_builder.graph.text.quantities import Quantity, quantities
from index_builder.graph.text.words import Word, words_of

MODEL_KEYS = frozenset(
    {
        "model", "model_number", "model_name", "model_no", "mpn", "part_number", "part_no", "product_code",
        "manufacturer_part_number", "article_number", "型号", "货号", "款号", "产品型号",
    }
)  # fmt: skip
"""Attributes that state a product's own number or name."""


class Mark(StrEnum):
    """What a word is known to be, before types, series and models are looked for."""

    PLAIN = "plain"
    BRAND = "brand"
    COLOR = "color"
    QUANTITY = "quantity"
    QUALITY = "quality"
    FUNCTION = "function"
    CODE = "code"
    """It has a digit."""


@dataclass(frozen=True, slots=True)
class Title:
    """`brand` is the product's own, normalised; `stated` holds the words of its attributes' values, singular,
    but for types, names and models; `models` what it states as its own number or name; `fits` says that it
    states what it is compatible with.
    """

    brand: str
    folded: Folded
    words: Sequence[Word]
    marks: Sequence[Mark]
    quantities: Sequence[Quantity]
    matches: Sequence[Match]
    stated: frozenset[str]
    models: tuple[str, ...]
    fits: bool

    def stops(self, place: int) -> bool:
        """Whether a noun phrase may end before the word at `place`."""
        if place >= len(self.words) or not self.words[place].joined:
            return True
        return self.marks[place] is not Mark.PLAIN or self.words[place].single in self.stated


def prepare(product: Product, gazetteer: Gazetteer) -> Title:
    folded = fold(product.title)
    brand = normalise(product.brand)
    found = quantities(folded)
    matches = gazetteer.find(folded.text, brand)
    words = words_of(folded)
    stated, models, fits = _statements(product)
    marks = tuple(_mark(word, found, matches, brand) for word in words)
    return Title(brand, folded, words, marks, found, matches, stated, models, fits)


def _mark(word: Word, found: Sequence[Quantity], matches: Sequence[Match], brand: str) -> Mark:
    for match in matches:
        if match.start <= word.start and word.end <= match.end:
            labels = {entry.label for entry in match.entries}
            if any(entry.label is Label.BRAND and entry.brand == brand for entry in match.entries):
                return Mark.BRAND
            if Label.COLOR in labels:
                return Mark.COLOR
    if any(each.start < word.end and word.start < each.end for each in found):
        return Mark.QUANTITY
    if word.text in text_lexicons().quality:
        return Mark.QUALITY
    if word.is_function:
        return Mark.FUNCTION
    return Mark.CODE if word.has_digit else Mark.PLAIN


def _statements(product: Product) -> tuple[frozenset[str], tuple[str, ...], bool]:
    stated: set[str] = set()
    models: dict[str, None] = {}
    fits = False
    for key, value in product.attributes.items():
        role = role_of(key)
        if normalise(key) in MODEL_KEYS:
            models.update(dict.fromkeys(normalise(text) for text in texts_of(value) if text))
        elif role is Role.COMPATIBILITY:
            fits = True
        elif role not in (Role.PRODUCT_TYPE, Role.LABEL):
            for text in texts_of(value):
                if len(text) <= MAX_VALUE_LENGTH:
                    stated.update(singular(word) for word in normalise(text).replace(",", " ").split())
    return frozenset(stated), tuple(models), fits
