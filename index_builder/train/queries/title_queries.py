"""Queries that say a few words of a product's own title: what shoppers write who know the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engine.text import has_cjk, normalise, singular, tokens
from engine.types import Product, RowArray
from index_builder.train.queries.amounts import without_amounts
from index_builder.train.queries.title_words import TitleWords

MAX_ANSWERS = 50
"""More than that, and the words name a kind of product, which the graph says better."""
_LENGTHS, _CHANCES = (2, 3, 4, 5), (0.35, 0.35, 0.2, 0.1)
_USABLE = re.compile(r"[^\W\d_]{3,}|\d{3,}|(?=.*\d)(?=.*[^\W\d_])[\w.-]{3,}")
"""Words, numbers and codes. Chinese words may be shorter."""
CONNECTING = frozenset(
    {"for", "with", "and", "the", "from", "into", "per", "without", "of", "in", "to", "by", "on", "a"}
)


@dataclass(frozen=True, slots=True)
class TitleQuery:
    """`answers`, int64 ascending, are all products whose titles hold all of the words; `contrasts` those
    whose titles lack one of them.
    """

    text: str
    answers: RowArray
    contrasts: RowArray


class TitleQueries:
    def __init__(self, products: Sequence[Product], titles: TitleWords) -> None:
        self._products = products
        self._titles = titles

    def draw(self, chance: np.random.Generator) -> TitleQuery | None:
        """One of a random product; None for a title that has too few words that tell it from others."""
        row = int(chance.integers(len(self._titles)))
        brand = tokens(self._products[row].brand)
        words = _whole(tokens(without_amounts(self._products[row].title)))
        places = [place for place, word in enumerate(words) if self._is_telling(word)]
        count = int(chance.choice(_LENGTHS, p=_CHANCES))
        if len(places) < 2:
            return None
        rarity = np.log(len(self._titles) / np.array([self._count(words[place]) for place in places])) + 0.1
        order = chance.choice(places, len(places), replace=False, p=rarity / rarity.sum())
        for length in range(min(count, len(places)), min(_LENGTHS[-1], len(places)) + 1):
            taken = {words[place] for place in order[:length]}
            if taken.issubset(brand):
                continue
            taken |= set(brand) if taken.intersection(brand) else set()
            chosen = [word for word in words if word in taken]
            said = [singular(word) for word in chosen]
            answers = self._titles.saying(said)
            if 0 < len(answers) <= MAX_ANSWERS:
                text = _joined(chosen).replace(" ".join(brand), normalise(self._products[row].brand))
                return TitleQuery(text, answers, self._lacking_one(said, answers))
        return None

    def _is_telling(self, word: str) -> bool:
        return word not in CONNECTING and (_USABLE.fullmatch(word) is not None or has_cjk(word))

    def _count(self, word: str) -> int:
        return max(1, self._titles.count(singular(word)))

    def _lacking_one(self, words: Sequence[str], answers: RowArray) -> RowArray:
        """With two words, one of them is too little to be like an answer: there are none."""
        if len(words) < 3:
            return np.empty(0, np.int64)
        lacking = [self._titles.saying([*words[:place], *words[place + 1 :]]) for place in range(len(words))]
        return np.setdiff1d(np.concatenate(lacking), answers)


def _whole(words: Sequence[str]) -> list[str]:
    """Each word once, and no Chinese one that is part of another: the segmenter gives both."""
    once = list(dict.fromkeys(words))
    return [
        word
        for word in once
        if not has_cjk(word) or not any(word in other for other in once if other != word)
    ]


def _joined(words: Sequence[str]) -> str:
    """Chinese words next to each other without a blank."""
    text = words[0]
    for before, word in pairwise(words):
        text += word if has_cjk(before) and has_cjk(word) else f" {word}"
    return text
