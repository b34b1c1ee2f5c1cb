"""Queries as they are really written: with a typo, a word less, another unit, one word for two, and the like.

Every change keeps what the query asks for, so that what answers it stays right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.text import has_cjk, normalise, singular
from index_builder.train.queries.amounts import with_other_unit
from index_builder.train.queries.query import TrainingQuery
from index_builder.train.queries.shop_words import ShopWords
from index_builder.train.queries.title_queries import CONNECTING
from index_builder.train.queries.typos import typo
from index_builder.train.queries.wording import wording

_PLAIN = re.compile("[a-z]{4,}")
_CODE = re.compile(r"(?=.*\d)[\w.-]{3,}")
_MIN_PART = 3
_MIN_KNOWN = 3
"""Products that say a word, for it to be a word."""

Change = Callable[[str, ShopWords, np.random.Generator], str | None]


@dataclass(frozen=True, slots=True)
class NoisePlan:
    """`probability` that a query is changed, once; `shares` are the chances of the changes beside each other
    (one that does not fit the query gives its turn to the next).
    """

    probability: float = 0.2
    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "typo": 0.3,
            "plural": 0.2,
            "unit": 0.2,
            "order": 0.1,
            "script": 0.1,
            "blank": 0.05,
            "dropped word": 0.05,
        }
    )


def add_noise(
    queries: Sequence[TrainingQuery],
    words: ShopWords,
    *,
    taken: Container[str] = (),
    plan: NoisePlan | None = None,
    seed: int,
) -> tuple[list[TrainingQuery], Mapping[str, int]]:
    """The same queries, some in other words, and how often each change was made.

    No two get the same text, and none that of another query or one whose `wording` is in `taken`. A query
    that counts for several keeps its text with all of its weight but 1, and its changed text has weight 1.
    """
    plan = plan or NoisePlan()
    chance = np.random.default_rng(seed)
    texts = {normalise(query.text) for query in queries}
    made: Counter[str] = Counter()
    result: list[TrainingQuery] = []
    for query in queries:
        name, text = "", query.text
        if chance.random() < plan.probability:
            name, text = changed(query.text, words, plan, chance)
        if normalise(text) in texts or wording(text) in taken:
            result.append(query)
            continue
        texts.add(normalise(text))
        made[name] += 1
        if query.weight > 1.0:
            result.append(replace(query, weight=query.weight - 1.0))
        result.append(replace(query, text=text, weight=min(query.weight, 1.0)))
    return result, dict(sorted(made.items()))


def changed(text: str, words: ShopWords, plan: NoisePlan, chance: np.random.Generator) -> tuple[str, str]:
    """The change made and the text after it; ("", text) where none fits."""
    shares = np.array([plan.shares[name] for name in plan.shares])
    for place in chance.choice(len(shares), len(shares), replace=False, p=shares / shares.sum()):
        name = list(plan.shares)[int(place)]
        other = CHANGES[name](text, words, chance)
        if other and other != text:
            return name, other
    return "", text


def plural(word: str) -> str:
    """The regular English plural of a text's last word."""
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _other_number(text: str, words: ShopWords, _chance: np.random.Generator) -> str | None:
    """The product word, at the end or before "for", in the other number."""
    head, sign, rest = text.partition(" for ")
    first, blank, word = head.rpartition(" ")
    if not re.fullmatch("[a-z]{3,}", word) or singular(word) not in words.types:
        return None
    other = plural(word) if singular(word) == word else singular(word)
    return f"{first}{blank}{other}{sign}{rest}" if singular(other) == singular(word) else None


def _unit(text: str, _words: ShopWords, chance: np.random.Generator) -> str | None:
    return with_other_unit(text, chance)


def _order(text: str, words: ShopWords, _chance: np.random.Generator) -> str | None:
    """What stands before the product word goes behind it: "hp ink" as "ink hp"."""
    parts = text.split(" ")
    brand = next((end for end in range(len(parts) - 1, 1, -1) if " ".join(parts[:end]) in words.brands), 1)
    if len(parts) == brand or singular(parts[0]) in words.types or CONNECTING.intersection(parts):
        return None
    return " ".join([*parts[brand:], *parts[:brand]])


def _script(text: str, words: ShopWords, _chance: np.random.Generator) -> str | None:
    """The product's name in Chinese, the rest as it was: "hp 墨盒"."""
    parts = text.split(" ")
    for start in range(1, len(parts)):
        chinese = words.chinese.get(" ".join(parts[start:]))
        if chinese:
            return f"{' '.join(parts[:start])} {chinese}"
    return None


def _blank(text: str, words: ShopWords, chance: np.random.Generator) -> str | None:
    """Two words as one or one as two ("head set"), where the catalogue knows the result."""
    parts = text.split(" ")
    ways = [
        [*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]]
        for at in range(len(parts) - 1)
        if words.counts.get(parts[at] + parts[at + 1], 0) >= _MIN_KNOWN and not has_cjk(text)
    ]
    for at, word in enumerate(parts):
        if _PLAIN.fullmatch(word):
            cuts = range(_MIN_PART, len(word) - _MIN_PART + 1)
            halves = [(word[:cut], word[cut:]) for cut in cuts]
            known = [both for both in halves if min(words.counts.get(half, 0) for half in both) >= _MIN_KNOWN]
            ways += [[*parts[:at], *both, *parts[at + 1 :]] for both in known]
    return " ".join(ways[int(chance.integers(len(ways)))]) if ways else None


def _dropped_word(text: str, words: ShopWords, chance: np.random.Generator) -> str | None:
    """Without a word that the rest says as well: "for" and the like, or the brand beside a model's number."""
    parts = text.split(" ")
    coded = any(_CODE.fullmatch(word) for word in parts)
    places = [
        place
        for place, word in enumerate(parts)
        if len(parts) > 2 and (word in CONNECTING or (coded and word in words.brands))
        if singular(word) not in words.types
    ]
    if not places:
        return None
    place = places[int(chance.integers(len(places)))]
    return " ".join([*parts[:place], *parts[place + 1 :]])


CHANGES: Mapping[str, Change] = {
    "typo": typo,
    "plural": _other_number,
    "unit": _unit,
    "order": _order,
    "script": _script,
    "blank": _blank,
    "dropped word": _dropped_word,
}
