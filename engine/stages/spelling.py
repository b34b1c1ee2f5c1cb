"""Reads a mistyped word as the catalogue's word that it most likely is."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources

from symspellpy import SymSpell, Verbosity

from engine.text import singular

MIN_LENGTH = 4
LONG_WORD = 8
"""From this length on two edits are corrected, below it one."""
FAR_MORE_FREQUENT = 200
MAX_DICTIONARY_WORDS = 50_000
_PREFIX = 6
_ASCII = re.compile(r"^[a-z]+$")


class SpellingCorrector:
    """Symmetric-delete spelling (SymSpell) over the words of one catalogue.

    A word is left alone when the catalogue or English knows it ("vans" is no typo of "fans"), when it is
    short, and when it has digits or signs: those are models and sizes, and every character counts. The first
    letter is trusted, unless the first two changed places.
    """

    def __init__(
        self, words: Mapping[str, int], *, protected: Collection[str] = (), min_count: int = 2
    ) -> None:
        """`words` are the known words with their counts; those with `min_count` are read into others.
        `protected` words (names in the graph) always stand; a word of the catalogue itself stands unless
        one that is a single edit away is far more frequent: catalogues have typos, too.
        """
        self._counts = words
        self._protected = frozenset(protected) | {singular(word) for word in protected}
        self._english = _english()
        targets = sorted(
            (word for word, count in words.items() if count >= min_count and _is_correctable(word)),
            key=lambda word: (-words[word], word),
        )
        self._symspell = SymSpell(max_dictionary_edit_distance=2, prefix_length=_PREFIX)
        for word in targets[:MAX_DICTIONARY_WORDS]:
            self._symspell.create_dictionary_entry(word, words[word])

    def correct(self, word: str) -> str | None:
        """What the word was most likely meant to be; None when it should stand as it is."""
        if not _is_correctable(word) or not {word, singular(word)}.isdisjoint(self._protected):
            return None
        if not {word, singular(word)}.isdisjoint(self._english):
            return None
        count = max(self._counts.get(word, 0), self._counts.get(singular(word), 0))
        edits = 2 if len(word) >= LONG_WORD and not count else 1
        found = [
            each
            for each in self._symspell.lookup(word, Verbosity.ALL, edits)
            if each.term != word
            and each.count > count * FAR_MORE_FREQUENT
            and (each.term[0] == word[0] or each.term[:2] == word[1::-1])
        ]
        if not found:
            return None
        return str(min(found, key=lambda each: (each.distance, -each.count, each.term)).term)


def _is_correctable(word: str) -> bool:
    return len(word) >= MIN_LENGTH and _ASCII.match(word) is not None


@cache
def _english() -> frozenset[str]:
    """The 82,765 English words that SymSpell brings."""
    path = resources.files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt")
    return frozenset(line.split(" ", 1)[0] for line in path.read_text(encoding="utf-8-sig").splitlines())
