"""Noun phrases that name what a product is, by words learned from the titles: heads, which phrases end with
("cartridge"), and modifiers, which stand before heads ("toner"). Statistics alone; nothing is trained.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.text import singular
from index_builder.graph.text.lexicons import text_lexicons
from index_builder.graph.text.titles import Mark, Title
from index_builder.graph.text.units import UNITS
from index_builder.graph.text.words import FOR, Word

_MIN_CLOSING = 0.5
_MIN_KNOWN_CLOSING = 0.1
_MANY, _MANY_BRANDS = 10, 3
_BEFORE_CODE = 0.1
"""What an end before a token with digits counts: "Windows 10" ends no noun phrase."""
_MIN_STATED = 0.2
_MIN_SHARE, _MIN_KNOWN_SHARE, _MIN_PAIR_SHARE = 0.25, 0.1, 0.03
_MIN_COUNT = 3
_ROUNDS = 3
_MAX_WORDS = 6
_LATER = 0.6
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
        weights = [self.heads[each.head] * _LATER**rank for rank, each in enumerate(found)]
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
        begins = all(part in self.modifiers or part in self.heads for part in _parts(title.words[place + 1]))
        return begins and not any(part in self.modifiers for part in _parts(title.words[place]))

    def _is_head(self, word: Word) -> bool:
        return any(part in self.heads for part in _parts(word))

    def _phrase(self, title: Title, last: int) -> TypePhrase:
        first, head = last, title.words[last].single
        while first > 0 and last - first < _MAX_WORDS and title.words[first].joined:
            if title.words[first - 1].single == head or not self._extends(title, first - 1):
                break
            first -= 1
        first = _after_brand(title, first)
        end = _abbreviation(title, first, last) or _plural(title, title.words[last].end)
        named = [part for part in _parts(title.words[last]) if part in self.heads]
        return TypePhrase(title.words[first].start, end, first, last, named[-1])

    def _extends(self, title: Title, place: int) -> bool:
        if title.marks[place] not in (Mark.PLAIN, Mark.CODE):
            return False
        following = _parts(title.words[place + 1])[0]
        return all(
            part in self.modifiers or (part, following) in self.pairs for part in _parts(title.words[place])
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


def learn_types(titles: Sequence[Title], known: Iterable[str], likely: Iterable[str]) -> TypeGrammar:
    """`known` are names of types from outside (an ontology, the synonym table), `likely` those that the
    catalogue states or that were read from its titles by statistics; all in normal form.
    """
    known_heads, known_modifiers = _split(known)
    likely_heads, _ = _split(likely)
    heads = _heads(titles, known_heads, likely_heads - known_heads)
    modifiers = _modifiers(titles, heads, known_modifiers)
    return TypeGrammar(heads, modifiers, _pairs(titles, heads, modifiers), _fitting(titles, heads))


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
                modifiers.update(word.single for word in words[:-1] if word.has_letter)
    return heads, modifiers


def _heads(titles: Sequence[Title], known: Collection[str], likely: Collection[str]) -> dict[str, float]:
    seen: defaultdict[str, _Seen] = defaultdict(_Seen)
    for title in titles:
        own = {singular(name.split()[-1]) for name in title.stated.types}
        for place, word in enumerate(title.words):
            for part in _parts(word) if title.marks[place] is Mark.PLAIN else ():
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
        self.closing += title.stops(place + 1) * (_BEFORE_CODE if code else 1.0)
        self.valued += part in title.stated.words
        self.own += own
        self.lower |= title.folded.original[title.folded.starts[title.words[place].start]].islower()
        self.brands.add(title.brand)

    def is_head(self, known: bool, likely: bool) -> bool:
        if not self.lower and self.valued > self.count / 2:
            return False  # a name or an abbreviation that attributes state: "Windows", "USB"
        if self.own >= _MIN_STATED * self.count:
            return True
        if known:
            return self.closing >= _MIN_KNOWN_CLOSING * self.count and (len(self.brands) > 1 or self.lower)
        closing = self.closing - self.valued
        fewest, brands = (_MIN_COUNT, 2) if likely else (_MANY, _MANY_BRANDS)
        return closing >= _MIN_CLOSING * self.count >= _MIN_CLOSING * fewest and len(self.brands) >= brands


def _modifiers(titles: Sequence[Title], heads: Collection[str], known: Collection[str]) -> frozenset[str]:
    """Words that mostly stand before a head or another modifier, and that several brands use so; for `known`
    ones a tenth of their places will do. Tokens with digits must be known ("mp3").
    """
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
        if ends or (word.single in accepted and not title.stops(place + 1)):
            yield from _parts(title.words[place - 1])


def _pairs(
    titles: Sequence[Title], heads: Collection[str], modifiers: Collection[str]
) -> frozenset[tuple[str, str]]:
    """Two words of types that several brands write one after the other. A head that almost never stands before
    another one ("cable") ends its own phrase instead.
    """
    counts: Counter[str] = Counter()
    before: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    brands: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for title in titles:
        for place, word in enumerate(title.words):
            counts.update(_parts(word))
            if title.marks[place] is not Mark.PLAIN or not title.goes_on(place + 1):
                continue
            following = _parts(title.words[place + 1])[0]
            if following in heads or following in modifiers:
                for part in _parts(word):
                    before[part] += 1
                    pairs[part, following] += 1
                    brands[part, following].add(title.brand)
    return frozenset(
        pair
        for pair, count in pairs.items()
        if count >= _MIN_COUNT
        and len(brands[pair]) > 1
        and (pair[0] not in heads or before[pair[0]] >= _MIN_PAIR_SHARE * counts[pair[0]])
    )


def _fitting(titles: Sequence[Title], heads: Collection[str]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    fits: Counter[str] = Counter()
    for title in titles:
        for head in {part for word in title.words for part in _parts(word) if part in heads}:
            counts[head] += 1
            fits[head] += title.stated.fits
    return frozenset(head for head, count in counts.items() if fits[head] * 4 >= count)


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
