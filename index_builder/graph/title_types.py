"""What kind of thing a title names, for catalogues that do not say: "Acme X1 toner cartridge Black".

No list of product words is needed. A word heads a product type when

- many brands use it (the spread of its brands, as the exponential of their entropy: series names have one),
- something else than a plain word follows it (a number, a colour, a brand, the end): `cable` in
  "patch cable 2 m", not `patch`,
- it is neither a unit (it would follow numbers) nor the value of an attribute of the same product,
- products that carry it have the same attribute keys, more than products at large.

The product of the four is the word's score; the best head of a title wins and takes along the words before
it that often stand there ("toner cartridge"). Words of types that are known already need prove less.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from engine.text import normalise, singular
from engine.types import Product
from index_builder.graph.attributes import MAX_VALUE_LENGTH, Role, role_of

_BREAK = re.compile(
    r"[,;:()\[\]|/+–—]|\s-\s|\s(?:for|with|w/|and|&|to|in|of|from|by|on|per|without|the)(?=\s)|[™®©]"
)
_PLAIN = re.compile(r"^[^\W\d_]{2,}(?:[-'][^\W\d_]+)*$")
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"^\d[\d.,x]*(?:st|nd|rd|th)?$")
_NEVER_A_TYPE = """
gb tb mb dpi mm cm inch pixel ghz mhz ppm pcs up over more new no not or as at it is each only off out down
type series non
"""
_FUNCTION_WORDS = frozenset(_NEVER_A_TYPE.split())
_MIN_SCORE = 0.25
_KNOWN_BONUS = 0.3
_MAX_WORDS = 3
_SAMPLED_PRODUCTS = 400
_TELLING_KEYS = 5


@dataclass(slots=True)
class _Word:
    """How often a word stands where, over all titles."""

    count: int = 0
    closes: float = 0.0
    follows_number: int = 0
    is_value: int = 0
    brands: Counter[str] = field(default_factory=Counter)
    rows: list[int] = field(default_factory=list)

    def spread(self) -> float:
        """Number of equally frequent brands that would be as mixed as this word's."""
        return math.exp(-sum(n / self.count * math.log(n / self.count) for n in self.brands.values()))


@dataclass(frozen=True, slots=True)
class _Title:
    brand: str
    segments: tuple[tuple[str, ...], ...]
    keys: frozenset[str]
    values: frozenset[str]


def title_types(
    products: Sequence[Product],
    *,
    known: Collection[str] = (),
    modifiers: Collection[str] = (),
    min_products: int = 5,
) -> list[str]:
    """The type of each product, normalised and singular, "" where the title does not tell.

    `known` are types the catalogue or the synonym table names; `modifiers` are words that never belong to
    a type (colours, materials). A type that fewer than `min_products` share is cut to its head, or dropped.
    """
    titles = [_read(product) for product in products]
    brands = frozenset(title.brand for title in titles if " " not in title.brand)
    apart = brands | frozenset(word for name in modifiers for word in name.split())
    apart |= _FUNCTION_WORDS
    scores = _scores(titles, apart, min_products)
    for name in known:
        head = singular(name.split()[-1])
        if _PLAIN.match(head):
            scores[head] = scores.get(head, 0.0) + _KNOWN_BONUS
    phrases = _phrases(titles, apart)
    found = [_best(title, scores, phrases, apart) for title in titles]
    return _common_only(found, frozenset(known), min_products)


def _read(product: Product) -> _Title:
    title, brand = normalise(re.sub("[™®©]", " ", product.title)), normalise(product.brand)
    if brand and title.startswith(brand):
        title = title[len(brand) :]
    segments = []
    for part in _BREAK.split(f" {title} "):
        words = [singular(word) for raw in part.split() if (word := raw.strip(".'\"*!°“”"))]
        if words:
            segments.append(tuple(words))
    values: set[str] = set()
    for key, value in product.attributes.items():
        if value is True:
            values.update(normalise(key).split("_"))
        elif isinstance(value, str) and len(value) <= MAX_VALUE_LENGTH and role_of(key) != Role.PRODUCT_TYPE:
            values.update(singular(word) for word in normalise(value).replace(",", " ").split())
    return _Title(brand, tuple(segments), frozenset(product.attributes), frozenset(values))


def _scores(titles: Sequence[_Title], apart: frozenset[str], min_products: int) -> dict[str, float]:
    words: defaultdict[str, _Word] = defaultdict(_Word)
    for row, title in enumerate(titles):
        for before, word, after in _places(title, apart):
            seen = words[word]
            seen.count += 1
            if _closes(after, title, apart):
                seen.closes += 0.5 if after and _DIGIT.search(after) else 1.0
            seen.follows_number += before is not None and _NUMBER.match(before) is not None
            seen.is_value += word in title.values
            seen.brands[title.brand] += 1
            seen.rows.append(row)
    shares = Counter(key for title in titles for key in title.keys)
    scores = {}
    for word, seen in words.items():
        if seen.count >= min_products and len(seen.brands) > 1 and len(word) > 2:
            position = seen.closes * (seen.count - seen.follows_number) * (seen.count - seen.is_value)
            spread = math.log2(seen.spread())
            scores[word] = spread * position / seen.count**3 * (0.3 + _coherence(seen.rows, titles, shares))
    return {word: score for word, score in scores.items() if score >= _MIN_SCORE}


def _places(title: _Title, apart: frozenset[str]) -> Iterator[tuple[str | None, str, str | None]]:
    for words in title.segments:
        for place, word in enumerate(words):
            if _PLAIN.match(word) and word not in apart:
                before = words[place - 1] if place else None
                yield before, word, words[place + 1] if place + 1 < len(words) else None


def _coherence(rows: Sequence[int], titles: Sequence[_Title], shares: Counter[str]) -> float:
    """How much more often its most telling attribute keys occur than at large; 0.5 where there are none."""
    rows = rows[:_SAMPLED_PRODUCTS]
    keys = Counter(key for row in rows for key in titles[row].keys)
    if not keys:
        return 0.5
    gains = sorted((n / len(rows) - shares[key] / len(titles) for key, n in keys.items()), reverse=True)
    return max(0.0, sum(gains[:_TELLING_KEYS]) / _TELLING_KEYS)


def _phrases(titles: Sequence[_Title], apart: frozenset[str]) -> Counter[str]:
    """How often runs of two or three plain words occur, counting only those of several brands."""
    counts: Counter[str] = Counter()
    brand_of: dict[str, str] = {}
    shared: set[str] = set()
    for title in titles:
        for words in title.segments:
            for end in range(2, len(words) + 1):
                for length in range(2, min(_MAX_WORDS, end) + 1):
                    run = words[end - length : end]
                    if not all(_PLAIN.match(word) and word not in apart for word in run):
                        break
                    phrase = " ".join(run)
                    counts[phrase] += 1
                    if brand_of.setdefault(phrase, title.brand) != title.brand:
                        shared.add(phrase)
    return Counter({phrase: counts[phrase] for phrase in sorted(shared)})


def _closes(after: str | None, title: _Title, apart: frozenset[str]) -> bool:
    """Whether a noun phrase can end before this word."""
    return after is None or _PLAIN.match(after) is None or after in apart or after in title.values


def _best(title: _Title, scores: dict[str, float], phrases: Counter[str], apart: frozenset[str]) -> str:
    best, best_score = "", 0.0
    for words in title.segments:
        for place, word in enumerate(words):
            after = words[place + 1] if place + 1 < len(words) else None
            if word in apart or after in scores or not _closes(after, title, apart):
                continue
            counted = place > 0 and _NUMBER.match(words[place - 1]) is not None
            score = scores.get(word, 0.0) / (2 if word in title.values else 1)
            if score > best_score and not (counted and len(word) < 4):
                best, best_score = _with_modifiers(words, place, phrases), score
    return best


def _with_modifiers(words: Sequence[str], place: int, phrases: Counter[str]) -> str:
    phrase = words[place]
    for length in range(2, min(_MAX_WORDS, place + 1) + 1):
        longer = " ".join(words[place - length + 1 : place + 1])
        if phrases[longer] < 4 or words[place - length + 1] in phrase.split():
            break
        phrase = longer
    return phrase


def _common_only(found: Sequence[str], known: frozenset[str], min_products: int) -> list[str]:
    """Cut rare types down, word by word from the left, to one that enough products share."""
    counts: Counter[str] = Counter()
    for phrase in found:
        words = phrase.split()
        counts.update(" ".join(words[start:]) for start in range(len(words)))
    types = []
    for phrase in found:
        words = phrase.split()
        while words and counts[" ".join(words)] < min_products and " ".join(words) not in known:
            words = words[1:]
        types.append(" ".join(words))
    return types
