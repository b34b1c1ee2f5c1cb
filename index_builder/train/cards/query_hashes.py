"""Queries that a model learned from, as hashes: told on its card without telling what shoppers asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from index_builder.train.queries.wording import wording

DIGITS = 16
"""Hexadecimal ones, 64 bits: among a million queries two would share a hash once in 37 million sets."""


def query_hash(text: str) -> str:
    """The same for all spellings that `wording` sees as one (case, signs, plural, order, blanks); "" for a
    text without letters and digits, which asks for nothing.

    >>> query_hash("Black HP inks") == query_hash("hp ink,  BLACK") != query_hash("black hp toner")
    True
    """
    key = wording(text)
    return hashlib.sha256(key.encode()).hexdigest()[:DIGITS] if key else ""


def query_hashes(texts: Iterable[str]) -> tuple[str, ...]:
    """Ascending, each once."""
    return tuple(sorted({query_hash(text) for text in texts} - {""}))
