"""How the word index cuts text. The builder and the server use the same functions, so that words meet.

Terms are stored with a blank between them, so that opening an index needs no tokenizer registered by name,
and a query is made of terms, never parsed: no shopper can write a syntax error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any

from engine.text import has_cjk, normalise, segment

LONGEST_TERM = 60
_COMPOUND = re.compile(r"[^\W_]+(?:[-_/][^\W_]+)+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_SHORTEST_CODE, _LONGEST_CODE = 3, 40
_MOST_JOINED = 4
_MOST_WORDS = 64
"""A query's codes are looked for among its first words: nobody spells a part number after them."""


def terms(text: str) -> list[str]:
    """Runs of letters and digits, lower-cased, without accents, English endings cut off (Porter 2), repeats
    kept.

    >>> terms("Café running-shoes 15.6")
    ['cafe', 'run', 'shoe', '15', '6']
    """
    analysed: list[str] = _analyser().analyze(segment(normalise(text)))
    return analysed


def unique_terms(text: str, most: int) -> tuple[str, ...]:
    """The first `most` different terms of the text, in order."""
    return tuple(dict.fromkeys(terms(text)))[:most]


def squash(text: str) -> str:
    """Letters and digits only: `DV7-1211ea` and `dv7 1211ea` become `dv71211ea`."""
    return _NOT_ALPHANUMERIC.sub("", normalise(text))


def compound_codes(text: str) -> list[str]:
    """Words joined by hyphen, slash or underscore, each in one piece: `Wi-Fi DV7-1211ea` holds wifi,
    dv71211ea.
    """
    return _codes(squash(word) for word in _COMPOUND.findall(normalise(text)))


def query_codes(text: str) -> list[str]:
    """Every way a query may spell a code: each word, each two neighbours, and a short query as a whole."""
    words = [squash(word) for word in normalise(text).split(maxsplit=_MOST_WORDS)[:_MOST_WORDS]]
    pairs = [left + right for left, right in pairwise(words)]
    whole = ["".join(words)] if len(words) <= _MOST_JOINED else []
    return _codes([*words, *pairs, *whole])


def _codes(candidates: Iterable[str]) -> list[str]:
    kept = (code for code in candidates if _SHORTEST_CODE <= len(code) <= _LONGEST_CODE and not has_cjk(code))
    return list(dict.fromkeys(kept))


@cache
def _analyser() -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return (
        TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(LONGEST_TERM))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
        .filter(Filter.stemmer("english"))
        .build()
    )
