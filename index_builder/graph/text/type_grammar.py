"""Noun phrases that name what a product is, by words learned from the titles (type_learning): heads, which
phrases end with ("cartridge"), and modifiers, which stand before heads ("toner").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from index_builder.graph.text.titles import Mark, Title
from index_builder.graph.text.words import FOR, Word, parts_of

_MAX_WORDS = 6
_LATER = 0.8
"""What a phrase counts against the one before it."""
_MAX_ACRONYM = 4
_ASIDE = FOR | {"with", "w/", "without", "w/o", "incl", "including", "includes"}


@dataclass(frozen=True, slots=True)
class TypePhrase:
    """Characters `[start, end)` of the folded title; `first` and `last` are places of words, inclusive."""

    start: int
    end: int
    first: int
    last: int
    head: str


@dataclass(frozen=True, slots=True)
class TypeGrammar:
    """Words in singular. `fitting` are heads of things that are made to fit others: a quarter or more of the
    products that bear them state compatibility.
    """

    heads: Mapping[str, float]
    """How well each ends a noun phrase: how often it does, times the share of its places where it does."""
    modifiers: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """Further words and the ones they stand before: "desktop" modifies a "pc"."""
    fitting: frozenset[str] = frozenset()

    def phrases(self, title: Title) -> list[TypePhrase]:
        """In order. Phrases after "for", "with" and the like name something else and are left out, and so are
        counted things ("14 outlets"). Of phrases with different heads those with the commonest one stay.
        """
        found = []
        aside = False
        for place, word in enumerate(title.words):
            aside = aside and word.joined
            if title.marks[place] is Mark.FUNCTION:
                aside = aside or word.text in _ASIDE
            elif not aside and self._ends(title, place):
                phrase = self._phrase(title, place)
                if not (phrase.first == place and _is_count(title, place - 1)):
                    found.append(phrase)
        named = [phrase for phrase in found if not _is_material(title, phrase)]
        found = named or found
        weights = [
            self.heads[each.head] * (each.last - each.first + 1) * _LATER**rank
            for rank, each in enumerate(found)
        ]
        main = found[max(range(len(found)), key=lambda rank: (weights[rank], -rank))] if found else None
        return [phrase for phrase in found if main and _goes_with(phrase, main)]

    def _ends(self, title: Title, place: int) -> bool:
        """Whether a phrase ends with the word at `place`. A word that never stands before heads also ends one
        where another phrase begins ("patch cable | networking cable").
        """
        if title.marks[place] not in (Mark.PLAIN, Mark.CODE) or not self._is_head(title.words[place]):
            return False
        if title.stops(place + 1):
            return True
        following = parts_of(title.words[place + 1])
        if any((part, following[0]) in self.pairs for part in parts_of(title.words[place])):
            return False
        begins = all(part in self.modifiers or part in self.heads for part in following)
        return begins and not any(part in self.modifiers for part in parts_of(title.words[place]))

    def _is_head(self, word: Word) -> bool:
        return any(part in self.heads for part in parts_of(word))

    def _phrase(self, title: Title, last: int) -> TypePhrase:
        first, head = last, title.words[last].single
        while first > 0 and last - first < _MAX_WORDS and title.words[first].joined:
            if title.words[first - 1].single == head or not self._extends(title, first - 1):
                break
            first -= 1
        first = _after_brand(title, first)
        end = _abbreviation(title, first, last) or _plural(title, title.words[last].end)
        named = [part for part in parts_of(title.words[last]) if part in self.heads]
        return TypePhrase(title.words[first].start, end, first, last, named[-1])

    def _extends(self, title: Title, place: int) -> bool:
        if title.marks[place] not in (Mark.PLAIN, Mark.CODE):
            return False
        following = parts_of(title.words[place + 1])[0]
        return all(
            part in self.modifiers or (part, following) in self.pairs for part in parts_of(title.words[place])
        )


def _after_brand(title: Title, first: int) -> int:
    """One plain word between the brand that opens the title and a phrase belongs to the phrase."""
    before = first - 1
    if before < 1 or title.marks[before] is not Mark.PLAIN or title.marks[before - 1] is not Mark.BRAND:
        return first
    word = title.words[before]
    letters = title.folded.original[slice(*title.folded.span(word.start, word.end))]
    coded = len(letters) > _MAX_ACRONYM and letters.isupper()
    return first if coded or not title.words[first].joined or word.text in title.stated.models else before


def _is_count(title: Title, place: int) -> bool:
    """Whether the word before a noun is a bare number."""
    if place < 0 or not title.words[place + 1].joined:
        return False
    return title.words[place].has_digit and not title.words[place].has_letter


def _is_material(title: Title, phrase: TypePhrase) -> bool:
    """Whether it is one word that the product states as its material ("labels, white paper")."""
    return title.folded.text[phrase.start : phrase.end] in title.stated.materials


def _plural(title: Title, end: int) -> int:
    """Where "outlet(s)" ends."""
    return end + 3 if title.folded.text[end : end + 3] == "(s)" else end


def _goes_with(phrase: TypePhrase, main: TypePhrase) -> bool:
    beside = phrase.first == main.last + 1 or main.first == phrase.last + 1
    return beside or phrase.head == main.head


def _abbreviation(title: Title, first: int, last: int) -> int:
    """Where "(PDU)" ends when it abbreviates the phrase before it, else 0."""
    text, end = title.folded.text, title.words[last].end
    if text[end : end + 2] != " (" or last + 1 >= len(title.words):
        return 0
    short = title.words[last + 1]
    initials = "".join(word.text[0] for word in title.words[first : last + 1])
    closes = short.start == end + 2 and text[short.end : short.end + 1] == ")"
    return short.end + 1 if closes and len(short.text) > 1 and initials.endswith(short.text) else 0
