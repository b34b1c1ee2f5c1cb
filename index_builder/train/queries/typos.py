"""Slips of the keys."""

from __future__ import annotations

import re

import numpy as np

from engine.text import singular
from index_builder.train.queries.shop_words import ShopWords

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLAIN = re.compile("[a-z]{4,}")


def typo(text: str, words: ShopWords, chance: np.random.Generator) -> str | None:
    """One slip of the keys in a word of four letters or more, never its first letter (people get that right,
    and the spelling corrector trusts it), never in a word with a digit or a sign, and no other known word.
    """
    parts = text.split(" ")
    places = [place for place, word in enumerate(parts) if _PLAIN.fullmatch(word)]
    if not places:
        return None
    place = places[int(chance.integers(len(places)))]
    slipped = _slip(parts[place], chance)
    if slipped == parts[place] or slipped in words.counts or singular(slipped) in words.counts:
        return None
    return " ".join([*parts[:place], slipped, *parts[place + 1 :]])


def _slip(word: str, chance: np.random.Generator) -> str:
    at = int(chance.integers(1, len(word)))
    before, letter, after = word[:at], word[at], word[at + 1 :]
    match int(chance.integers(4)):
        case 0:
            near = _neighbours(letter)
            return before + near[int(chance.integers(len(near)))] + after
        case 1 if after:
            return before + after[0] + letter + after[1:]
        case 2:
            return before + after
        case _:
            return before + letter * 2 + after


def _neighbours(letter: str) -> str:
    """The keys left, right and below or above on an English keyboard."""
    row = next(place for place, keys in enumerate(_KEYS) if letter in keys)
    at = _KEYS[row].index(letter)
    beside = _KEYS[row][max(0, at - 1) : at] + _KEYS[row][at + 1 : at + 2]
    return beside + "".join(_KEYS[other][at : at + 1] for other in (row - 1, row + 1) if 0 <= other < 3)
