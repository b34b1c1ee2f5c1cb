"""Learns the words of product types from titles: which ones end noun phrases, and which stand before those.

Statistics over all titles (places, brands, attributes); nothing is trained, and no word is built in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.text import singular
from index_builder.graph.text.lexicons import text_lexicons
from index_builder.graph.text.titles import Mark, Title
from index_builder.graph.text.type_grammar import TypeGrammar
from index_builder.graph.text.units import UNITS
from index_builder.graph.text.words import Word, parts_of

_MIN_CLOSING, _MIN_KNOWN_CLOSING = 0.5, 0.05
"""Share of its places where a head must end a noun phrase; less where it is known from elsewhere."""
_MIN_COUNT, _MIN_BRANDS = 3, 2
_MANY, _MANY_BRANDS = 10, 3
"""Titles and brands that a head needs which nothing else hints at."""
_BEFORE_CODE = 0.1
"""What an end before a token with digits counts: "Windows 10" ends no noun phrase."""
_BEFORE_STATED = 0.3
"""And what one counts before a word that the product's attributes state."""
_MIN_STATED = 0.2
"""Share of its titles whose products state a type that ends with the word."""
_MIN_SHARE, _MIN_KNOWN_SHARE, _MIN_PAIR_SHARE = 0.25, 0.1, 0.03
_MAX_VALUED, _MAX_NAME_VALUED = 0.8, 0.5
"""Share of its places where a head may be a word of the product's own attributes; less in capitals."""
_ROUNDS = 3
_FITTING_SHARE = 0.25


def learn_types(titles: Sequence[Title], known: Iterable[str], likely: Iterable[str]) -> TypeGrammar:
    """`known` are names of types from outside (an ontology, the synonym table), `likely` those that the
    catalogue states or that were read from its titles by statistics; all in normal form.
    """
    known_heads, known_modifiers = _split(known)
    likely_heads, _ = _split(likely)
    heads = _heads(titles, known_heads, likely_heads - known_heads)
    modifiers = _modifiers(titles, heads, known_modifiers)
    return TypeGrammar(heads, modifiers, _pairs(titles, heads, modifiers), _fitting(titles, heads))


def _split(names: Iterable[str]) -> tuple[set[str], set[str]]:
    """Last words, and the words before them, of names that are phrases of plain words."""
    heads: set[str] = set()
    modifiers: set[str] = set()
    for name in names:
        for piece in name.split(" & "):
            words = [Word(text.strip("()"), 0, 0, joined=False) for text in piece.split()]
            if words and len(words) <= 4 and words[-1].is_plain:
                heads.add(words[-1].single)
                modifiers.update(word.single for word in words[:-1] if word.has_letter)
    return heads, modifiers


def _heads(titles: Sequence[Title], known: Collection[str], likely: Collection[str]) -> dict[str, float]:
    seen: defaultdict[str, _Seen] = defaultdict(_Seen)
    for title in titles:
        own = {singular(name.split()[-1]) for name in title.stated.types}
        for place, word in enumerate(title.words):
            for part in parts_of(word) if title.marks[place] is Mark.PLAIN else ():
                seen[part].add(title, place, part, part in own)
    barred = text_lexicons().occasions.keys() | text_lexicons().audiences.keys() | UNITS.keys()
    return {
        word: each.closing**2 / each.count
        for word, each in sorted(seen.items())
        if len(word) > 1 and word not in barred and each.is_head(word in known, word in likely)
    }


@dataclass(slots=True)
class _Seen:
    """How often a word stands where, over all titles."""

    count: int = 0
    closing: float = 0.0
    valued: int = 0
    own: int = 0
    lower: bool = False
    brands: set[str] = field(default_factory=set)

    def add(self, title: Title, place: int, part: str, own: bool) -> None:
        following = place + 1 < len(title.words) and title.words[place + 1].joined
        code = following and title.marks[place + 1] in (Mark.CODE, Mark.BRAND)
        self.count += 1
        ends = 1.0 if not title.goes_on(place + 1) else _BEFORE_STATED if title.stops(place + 1) else 0.0
        self.closing += _BEFORE_CODE if code else ends
        self.valued += part in title.stated.words
        self.own += own
        self.lower |= title.folded.original[title.folded.starts[title.words[place].start]].islower()
        self.brands.add(title.brand)

    def is_head(self, known: bool, likely: bool) -> bool:
        if self.own >= _MIN_STATED * self.count:
            return True
        if self.valued > (_MAX_VALUED if self.lower else _MAX_NAME_VALUED) * self.count:
            return False  # attributes state it: "Core"; in capitals names and abbreviations: "Windows", "USB"
        if known:
            wide = len(self.brands) > 1 or self.lower or self.count >= _MIN_COUNT <= self.closing
            return wide and self.closing >= _MIN_KNOWN_CLOSING * self.count
        closing = self.closing - self.valued
        fewest, brands = (_MIN_COUNT, _MIN_BRANDS) if likely else (_MANY, _MANY_BRANDS)
        return closing >= _MIN_CLOSING * self.count >= _MIN_CLOSING * fewest and len(self.brands) >= brands


def _modifiers(titles: Sequence[Title], heads: Collection[str], known: Collection[str]) -> frozenset[str]:
    """Words that mostly stand before a head or another modifier, and that several brands use so; for `known`
    ones a tenth of their places will do. Tokens with digits must be known ("mp3").
    """
    counts: Counter[str] = Counter()
    for title in titles:
        counts.update(part for word in title.words for part in parts_of(word))
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
            if (word in known and count >= _MIN_KNOWN_SHARE * counts[word])
            or (word.isalpha() and count >= _MIN_SHARE * counts[word] and len(brands[word]) > 1)
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
        goes_on = word.single in accepted and not title.stops(place + 1)
        if ends or (goes_on and title.words[place - 1].single not in heads):
            yield from parts_of(title.words[place - 1])


def _pairs(
    titles: Sequence[Title], heads: Collection[str], modifiers: Collection[str]
) -> frozenset[tuple[str, str]]:
    """Two words of types that several brands write one after the other. A head that almost never stands
    before another one ("cable") ends its own phrase instead.
    """
    counts: Counter[str] = Counter()
    before: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    brands: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for title in titles:
        for place, word in enumerate(title.words):
            counts.update(parts_of(word))
            if title.marks[place] is not Mark.PLAIN or not title.goes_on(place + 1):
                continue
            following = parts_of(title.words[place + 1])[0]
            if following in heads or following in modifiers:
                for part in parts_of(word):
                    before[part] += 1
                    pairs[part, following] += 1
                    brands[part, following].add(title.brand)
    return frozenset(
        pair
        for pair, count in pairs.items()
        if count >= _MIN_COUNT
        and len(brands[pair]) >= _MIN_BRANDS
        and (pair[0] not in heads or pair[1] in heads)
        and (pair[0] not in heads or before[pair[0]] >= _MIN_PAIR_SHARE * counts[pair[0]])
    )


def _fitting(titles: Sequence[Title], heads: Collection[str]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    fits: Counter[str] = Counter()
    for title in titles:
        for head in {part for word in title.words for part in parts_of(word) if part in heads}:
            counts[head] += 1
            fits[head] += title.stated.fits
    return frozenset(head for head, count in counts.items() if fits[head] >= _FITTING_SHARE * count)
