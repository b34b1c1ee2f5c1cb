"""Noun phrases that name what a product is, by words learned from the titles: heads, which phrases end with
("cartridge"), and modifiers, which stand before heads ("toner"). Statistics alone; nothing is trained.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from index_builder.graph.text.titles import Mark, Title
from index_builder.graph.text.units import UNITS
from index_builder.graph.text.words import Word

_MIN_CLOSING = 0.5
_MIN_SHARE = 0.5
_MIN_COUNT = 3
_ROUNDS = 3
_MAX_WORDS = 6


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

    heads: frozenset[str]
    modifiers: frozenset[str]
    fitting: frozenset[str] = field(default=frozenset())

    def phrases(self, title: Title) -> list[TypePhrase]:
        """In order. Phrases after "for", "with" and the like name something else and are left out."""
        found = []
        aside = False
        for place, word in enumerate(title.words):
            if not word.joined:
                aside = False
            if title.marks[place] is Mark.FUNCTION:
                aside = aside or word.text not in ("and", "&", "or", "and/or", "plus")
            elif not aside and title.marks[place] is not Mark.BRAND and self._is_head(word) and title.stops(
                place + 1
            ):
                found.append(self._phrase(title, place))
        return found

    def _is_head(self, word: Word) -> bool:
        return any(part in self.heads for part in _parts(word))

    def _phrase(self, title: Title, last: int) -> TypePhrase:
        first = last
        while first > 0 and last - first < _MAX_WORDS and title.words[first].joined:
            if not self._extends(title, first - 1):
                break
            first -= 1
        end = title.words[last].end
        if bracket := _abbreviation(title, first, last):
            end = bracket
        return TypePhrase(title.words[first].start, end, first, last, _parts(title.words[last])[-1])

    def _extends(self, title: Title, place: int) -> bool:
        word = title.words[place]
        if title.marks[place] in (Mark.PLAIN, Mark.CODE):
            return all(part in self.modifiers or part in self.heads for part in _parts(word))
        return False


def learn_types(titles: Sequence[Title], known: Iterable[str], likely: Iterable[str]) -> TypeGrammar:
    """`known` are names of types that somebody stated (the catalogue, an ontology, the synonym table),
    `likely` those read from titles by statistics; all in normal form.
    """
    known_heads, known_modifiers = _split(known)
    likely_heads, _ = _split(likely)
    heads = _heads(titles, known_heads, likely_heads - known_heads)
    modifiers = _modifiers(titles, heads, known_modifiers)
    return TypeGrammar(heads, modifiers, _fitting(titles, heads))


def _parts(word: Word) -> list[str]:
    """The words of "server/workstation", in singular."""
    if "/" not in word.text:
        return [word.single]
    return [Word(part, 0, 0, joined=False).single for part in word.text.split("/") if part] or [word.single]


def _split(names: Iterable[str]) -> tuple[set[str], set[str]]:
    """Last words, and the words before them, of names that are phrases of plain words."""
    heads: set[str] = set()
    modifiers: set[str] = set()
    for name in names:
        for piece in name.split(" & "):
            words = [Word(text.strip("()"), 0, 0, joined=False) for text in piece.split()]
            if words and len(words) <= 4 and words[-1].is_plain:
                heads.add(words[-1].single)
                modifiers.update(word.single for word in words[:-1])
    return heads, modifiers


def _heads(titles: Sequence[Title], known: Collection[str], likely: Collection[str]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    closing: Counter[str] = Counter()
    valued: Counter[str] = Counter()
    brands: defaultdict[str, set[str]] = defaultdict(set)
    for title in titles:
        for place, word in enumerate(title.words):
            for part in _parts(word):
                if title.marks[place] is Mark.PLAIN and (part in known or part in likely):
                    counts[part] += 1
                    closing[part] += title.stops(place + 1)
                    valued[part] += part in title.stated
                    brands[part].add(title.brand)
    return frozenset(
        word
        for word, count in counts.items()
        if word not in UNITS
        and (closing[word] - valued[word]) / count >= _MIN_CLOSING
        and (word in known or (count >= _MIN_COUNT and len(brands[word]) > 1))
    )


def _modifiers(titles: Sequence[Title], heads: Collection[str], known: Collection[str]) -> frozenset[str]:
    """Words that mostly stand before a head or another modifier, and that several brands use so."""
    counts: Counter[str] = Counter()
    for title in titles:
        counts.update(part for word in title.words for part in _parts(word))
    accepted: set[str] = set()
    for _ in range(_ROUNDS):
        before: Counter[str] = Counter()
        brands: defaultdict[str, set[str]] = defaultdict(set)
        for title in titles:
            for word in _before_heads(title, heads, accepted):
                before[word] += 1
                brands[word].add(title.brand)
        new = {
            word
            for word, count in before.items()
            if word in known or (count / counts[word] >= _MIN_SHARE and len(brands[word]) > 1)
        }
        if new <= accepted:
            break
        accepted |= new
    return frozenset(accepted)


def _before_heads(title: Title, heads: Collection[str], accepted: Collection[str]) -> Iterator[str]:
    for place in range(1, len(title.words)):
        word = title.words[place]
        if not word.joined or title.marks[place - 1] not in (Mark.PLAIN, Mark.CODE):
            continue
        ends = word.single in heads and title.stops(place + 1)
        if ends or (word.single in accepted and not title.stops(place + 1)):
            yield from _parts(title.words[place - 1])


def _fitting(titles: Sequence[Title], heads: Collection[str]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    fits: Counter[str] = Counter()
    for title in titles:
        for head in {part for word in title.words for part in _parts(word) if part in heads}:
            counts[head] += 1
            fits[head] += title.fits
    return frozenset(head for head, count in counts.items() if fits[head] * 4 >= count)


def _abbreviation(title: Title, first: int, last: int) -> int:
    """Where "(PDU)" ends when it abbreviates the phrase before it, else 0."""
    text, end = title.folded.text, title.words[last].end
    if text[end : end + 2] != " (" or last + 1 >= len(title.words):
        return 0
    short = title.words[last + 1]
    initials = "".join(word.text[0] for word in title.words[first : last + 1])
    closes = short.start == end + 2 and text[short.end : short.end + 1] == ")"
    return short.end + 1 if closes and len(short.text) > 1 and initials.endswith(short.text) else 0
