"""Model names and numbers: what a product states as its own, tokens of letters and digits that few titles
share, and numbers that follow a series or the brand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from index_builder.graph.evidence import Label
from index_builder.graph.text.folded import is_word_edge
from index_builder.graph.text.span import Span
from index_builder.graph.text.titles import Mark, Title
from index_builder.graph.text.type_grammar import TypePhrase

_STATED, _AFTER_SERIES, _RARE_CODE, _AFTER_BRAND, _NAME = 0.95, 0.85, 0.75, 0.7, 0.6
_MAX_TITLES = 4
"""A token that more titles share is a standard or a feature rather than a number of its own."""
_MAX_STATED_WORDS = 3
_MAX_DIGITS = 6


@dataclass(frozen=True, slots=True)
class ModelNumbers:
    """`titles` says in how many titles a token with a digit stands, `brands` under how many brands."""

    titles: Mapping[str, int]
    brands: Mapping[str, int]
    stated: Collection[str]
    """Words of the values that any product states."""

    def find(self, title: Title, phrases: Sequence[TypePhrase], series: Sequence[Span]) -> list[Span]:
        """Candidates, which may overlap."""
        found = list(_stated(title, phrases, series))
        ends = {span.end for span in series}
        for place, word in enumerate(title.words):
            if title.marks[place] is not Mark.CODE:
                continue
            before = title.words[place - 1] if place else None
            if before and word.joined and before.end in ends and len(word.text) <= 16:
                found.append(Span(word.start, word.end, Label.MODEL, _AFTER_SERIES))
            elif word.has_letter and self._is_rare(title, word.text):
                found.append(Span(word.start, word.end, Label.MODEL, _RARE_CODE))
            elif before and title.marks[place - 1] is Mark.BRAND and 1 < len(word.text) <= _MAX_DIGITS:
                if word.joined and not word.has_letter:
                    found.append(Span(word.start, word.end, Label.MODEL, _AFTER_BRAND))
        return found

    def _is_rare(self, title: Title, text: str) -> bool:
        if len(text) < 4 or text in title.stated or text in self.stated:
            return False
        return self.titles.get(text, 0) <= _MAX_TITLES and self.brands.get(text, 0) <= 1


def learn_models(titles: Sequence[Title]) -> ModelNumbers:
    counts: Counter[str] = Counter()
    brands: dict[str, set[str]] = {}
    stated: set[str] = set()
    for title in titles:
        stated.update(title.stated)
        codes = {
            word.text for word, mark in zip(title.words, title.marks, strict=True) if mark is Mark.CODE
        }
        counts.update(codes)
        for code in codes:
            brands.setdefault(code, set()).add(title.brand)
    return ModelNumbers(counts, {code: len(names) for code, names in brands.items()}, stated)


def _stated(title: Title, phrases: Sequence[TypePhrase], series: Sequence[Span]) -> Iterator[Span]:
    """What the product states as its number or name, where the title has it; the series that opens it is left
    to itself.
    """
    text = title.folded.text
    for model in title.models:
        words = model.split()
        coded = any(letter.isdigit() for letter in model)
        if len(words) > _MAX_STATED_WORDS or len(model) < 2:
            continue
        start = text.find(model)
        while start >= 0:
            end = start + len(model)
            if is_word_edge(text, start) and is_word_edge(text, end):
                first = max((s.end for s in series if start <= s.start and s.end < end), default=start)
                first += len(text[first:end]) - len(text[first:end].lstrip())
                named = any(phrase.start < end and first < phrase.end for phrase in phrases)
                known = any(q.start < end and first < q.end for q in title.quantities)
                if not (named or known):
                    yield Span(first, end, Label.MODEL, _STATED if coded else _NAME)
                break
            start = text.find(model, start + 1)
