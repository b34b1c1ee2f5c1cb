"""Model names and numbers: what a product states as its own, tokens of letters and digits that few titles
share, and numbers that follow a series or the brand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from index_builder.graph.evidence import Label
from index_builder.graph.text.folded import is_word_edge
from index_builder.graph.text.span import Span
from index_builder.graph.text.titles import Mark, Title
from index_builder.graph.text.type_grammar import TypePhrase

_STATED, _STATED_PART, _AFTER_SERIES, _RARE_CODE, _AFTER_BRAND, _NAME = 0.95, 0.86, 0.85, 0.75, 0.7, 0.6
_MAX_TITLES = 10
"""A token that more titles share is a standard or a feature rather than a number of its own."""
_MAX_STATED_WORDS = 3
_NUMBER = re.compile(r"\d{2,6}")
_LETTERED, _LETTERED_MODEL = (
    re.compile(r"\d{3,5}(?!(?:va|kw|wh|ah|mm|cm|in|ft|[kmgt]b|kg|ml|pc|sh)$)[a-z]{1,2}"),
    0.96,
)
"""After a series "8540w" is a model and no power."""
_MAX_LENGTH = 16
_AMOUNT = re.compile(r"\d[\d.,x/–-]*[^\W\d_]{0,2}")
"""Digits with at most two letters after them: volts, speeds, counts."""


@dataclass(frozen=True, slots=True)
class ModelNumbers:
    """`titles` says in how many titles a token with a digit stands, `brands` under how many brands."""

    titles: Mapping[str, int]
    brands: Mapping[str, int]
    stated: Collection[str]
    """Words of the values that any product states."""

    def find(self, title: Title, phrases: Sequence[TypePhrase], series: Sequence[Span]) -> list[Span]:
        """Candidates, which may overlap. `series` are those found in the title."""
        found = list(self._stated(title, phrases, series))
        ends = {span.end for span in series}
        for place, word in enumerate(title.words):
            confidence = self._confidence(title, place, ends)
            if confidence:
                found.append(Span(word.start, word.end, Label.MODEL, confidence))
        return found

    def _confidence(self, title: Title, place: int, ends: Collection[int]) -> float:
        """Of one word being a model number by its shape and place; 0 for no."""
        word = title.words[place]
        follows = place > 0 and word.joined and title.words[place - 1].end in ends
        if follows and _LETTERED.fullmatch(word.text):
            return _LETTERED_MODEL
        if title.marks[place] is not Mark.CODE or (_AMOUNT.fullmatch(word.text) and word.has_letter):
            return 0.0
        if follows and len(word.text) <= _MAX_LENGTH:
            return _AFTER_SERIES
        if word.has_letter:
            return _RARE_CODE if self._is_rare(title, word.text) else 0.0
        opens = word.joined and title.marks[place - 1] is Mark.BRAND
        return _AFTER_BRAND if opens and _NUMBER.fullmatch(word.text) else 0.0

    def _is_rare(self, title: Title, text: str) -> bool:
        if len(text) < 4 or text in title.stated.words or text in self.stated:
            return False
        return self.titles.get(text, 0) <= _MAX_TITLES and self.brands.get(text, 0) <= 1

    def _stated(self, title: Title, phrases: Sequence[TypePhrase], series: Sequence[Span]) -> Iterator[Span]:
        """What the product states as its number or name, where the title has it. Of several words only those
        with digits count; a name without any must be nothing else that is known.
        """
        text = title.folded.text
        others: tuple[Span | TypePhrase, ...] = (*phrases, *series)
        for model in title.stated.models:
            start = text.find(model)
            end = start + len(model)
            if start < 0 or len(model) < 2 or not (is_word_edge(text, start) and is_word_edge(text, end)):
                continue
            inside = [
                place for place, word in enumerate(title.words) if start <= word.start and word.end <= end
            ]
            codes = [place for place in inside if title.marks[place] is Mark.CODE]
            if codes:
                if len(inside) == 1:
                    yield Span(start, end, Label.MODEL, _STATED)
                for word in (title.words[place] for place in codes if len(inside) > 1):
                    if word.has_letter and self._is_rare(title, word.text):
                        yield Span(word.start, word.end, Label.MODEL, _STATED_PART)
            elif len(inside) <= _MAX_STATED_WORDS:
                plain = all(title.marks[place] is Mark.PLAIN for place in inside)
                known = any(span.start < end and start < span.end for span in others)
                if plain and not known:
                    yield Span(start, end, Label.MODEL, _NAME)


def learn_models(titles: Sequence[Title]) -> ModelNumbers:
    counts: Counter[str] = Counter()
    brands: dict[str, set[str]] = {}
    stated: set[str] = set()
    for title in titles:
        stated.update(title.stated.words)
        codes = {word.text for word, mark in zip(title.words, title.marks, strict=True) if mark is Mark.CODE}
        counts.update(codes)
        for code in codes:
            brands.setdefault(code, set()).add(title.brand)
    return ModelNumbers(counts, {code: len(names) for code, names in brands.items()}, stated)
