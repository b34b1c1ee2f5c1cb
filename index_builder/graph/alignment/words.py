"""Names of categories and product types as words that can be compared: "Mice & Trackballs" is two names."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from engine.text import has_cjk, normalise, singular, tokens
from index_builder.graph.lexicon import default_lexicon

_PARTS = re.compile(r"\s*[,/&]\s*|\s+and\s+", re.IGNORECASE)
_CHINESE_PARTS = re.compile(r"[、/,，]|和|与|及")
_IRREGULAR = {
    "mice": "mouse", "shelves": "shelf", "knives": "knife", "men": "man", "women": "woman",
    "children": "child", "feet": "foot", "scarves": "scarf",
}  # fmt: skip
_RELATIONAL = frozenset({"accessory", "part"})
PART_CONFIDENCE = 0.95
"""A name that is a part of a longer one ("Toner Cartridges" of "Toner & Inkjet Cartridges")."""


@lru_cache(maxsize=200_000)
def words_of(text: str) -> tuple[str, ...]:
    """Words in the singular; a word that the synonym table knows is read as its preferred one ("tv")."""
    known = _one_word_synonyms()
    words = (_IRREGULAR.get(word) or singular(word) for word in tokens(text))
    return tuple(known.get(word, word) for word in words)


@cache
def _one_word_synonyms() -> dict[str, str]:
    found: dict[str, str] = {}
    for synonyms in default_lexicon().types.values():
        if " " not in synonyms.preferred:
            for name in synonyms.english:
                if " " not in name:
                    found.setdefault(singular(name), synonyms.preferred)
    return found


def parts_of(name: str) -> tuple[str, ...]:
    """The names in a name, without the name itself.

    >>> parts_of("Toner & Inkjet Cartridges"), parts_of("Printers, Copiers & Fax Machines")
    (('Toner Cartridges', 'Inkjet Cartridges'), ('Printers', 'Copiers', 'Fax Machines'))
    """
    if has_cjk(name):
        parts = [part.strip() for part in _CHINESE_PARTS.split(name) if part.strip()]
        return tuple(parts) if len(parts) > 1 else ()
    parts = [part for part in _PARTS.split(name) if part]
    if len(parts) < 2:
        return ()
    last = parts[-1].split()
    relational = len(last) > 1 and not _RELATIONAL.isdisjoint(words_of(last[-1]))
    found = []
    for place, part in enumerate(parts[:-1]):
        if _is_plural(part) and not relational:
            found.append(part)
        else:
            heads = (later.split() for later in parts[place + 1 :])
            head = last[-1:] if relational else next((each[-1:] for each in heads if len(each) > 1), [])
            found.append(" ".join([part, *head]))
    first = parts[0].split()
    if len(last) == 1 and len(first) > 1 and _is_plural(parts[0]):
        found.append(" ".join([*first[:-1], last[0]]))
    return tuple(dict.fromkeys([*found, parts[-1]]))


def _is_plural(part: str) -> bool:
    last = part.rsplit(maxsplit=1)[-1].casefold()
    return (last.endswith("s") and not last.endswith("ss")) or last in _IRREGULAR


def paired_parts(english: str, chinese: str) -> dict[str, str]:
    """Which Chinese part translates which English one, where both have as many; not where the English parts
    share a word ("Audio & Video Cables"), which the Chinese ones may share differently.
    """
    ours, theirs = parts_of(english), parts_of(chinese)
    alone = all(part in english for part in ours)
    return dict(zip(ours, theirs, strict=True)) if alone and len(ours) == len(theirs) else {}


@dataclass(frozen=True, slots=True)
class Variant:
    """One reading of a concept's name. `weight` sums its words' rarity; `sure` is 1 for a whole name."""

    concept: int
    text: str
    words: frozenset[str]
    weight: float
    sure: float


class NameIndex:
    """The names of all concepts, by word, with each word's rarity among the names."""

    def __init__(self, names: Sequence[Iterable[str]]) -> None:
        """`names[i]` are all names of concept i, in any language."""
        listed = [list(dict.fromkeys(each)) for each in names]
        counts = Counter(
            word for each in listed for word in {word for name in each for word in words_of(name)}
        )
        self._total = len(listed)
        self._counts = counts
        self.variants: list[Variant] = []
        self.of_concept: list[list[Variant]] = []
        self.by_word: defaultdict[str, list[int]] = defaultdict(list)
        for concept, each in enumerate(listed):
            self.of_concept.append(self._read(concept, each))
        for place, variant in enumerate(self.variants):
            for word in variant.words:
                self.by_word[word].append(place)

    def rarity(self, word: str) -> float:
        return math.log(1 + self._total / (1 + self._counts.get(word, 0)))

    def _read(self, concept: int, names: Sequence[str]) -> list[Variant]:
        found: dict[frozenset[str], Variant] = {}
        pairs = [(name, 1.0) for name in names]
        pairs += [(part, PART_CONFIDENCE) for name in names for part in parts_of(name)]
        for text, sure in pairs:
            words = frozenset(words_of(text))
            if words and words not in found:
                weight = sum(self.rarity(word) for word in sorted(words))
                found[words] = Variant(concept, text, words, weight, sure)
        self.variants.extend(found.values())
        return list(found.values())

    def matches(self, text: str) -> dict[int, float]:
        """How well a short text and the names of concepts agree: the best F1 of a name's words, weighed by
        rarity, in (0, 1].
        """
        words = frozenset(words_of(text))
        weight = sum(self.rarity(word) for word in sorted(words))
        shared: defaultdict[int, float] = defaultdict(float)
        for word in sorted(words):
            rarity = self.rarity(word)
            for place in self.by_word.get(word, ()):
                shared[place] += rarity
        found: dict[int, float] = {}
        for place, common in shared.items():
            variant = self.variants[place]
            score = variant.sure * 2 * common / (weight + variant.weight)
            found[variant.concept] = max(score, found.get(variant.concept, 0.0))
        return found


def same_words(one: str, other: str) -> bool:
    """Whether two names differ in nothing but case, number and known synonyms."""
    return normalise(one) == normalise(other) or set(words_of(one)) == set(words_of(other))
