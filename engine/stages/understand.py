"""Stage 1: what the shopper wrote, normalised, cut into words and linked to the knowledge graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.text import has_cjk, normalise, tokens
from engine.types import EntityLink


@dataclass(frozen=True, slots=True)
class Correction:
    """A word of the query that the catalogue does not know, and the word it was read as."""

    written: str
    read_as: str


@dataclass(frozen=True, slots=True)
class Linking:
    """`tokens` are the query's words after correction; links refer to positions in them."""

    tokens: tuple[str, ...]
    corrections: tuple[Correction, ...] = ()
    links: tuple[EntityLink, ...] = ()


class Linker(Protocol):
    """Finds entities named in a query, tolerating typos. Spans do not overlap, except that one span
    may name several entities (ambiguous words). Pure: same words, same links.
    """

    def link(self, words: Sequence[str]) -> Linking: ...


@dataclass(frozen=True, slots=True)
class Understanding:
    """`text` is what is searched for: normalised, corrected; `raw` is what was written."""

    raw: str
    text: str
    tokens: tuple[str, ...]
    cjk: bool
    corrections: tuple[Correction, ...] = ()
    links: tuple[EntityLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Understand:
    linker: Linker

    def __call__(self, query: str, *, link: bool = True) -> Understanding:
        text = normalise(query)
        words = tokens(query)
        if not link:
            return Understanding(query, text, words, has_cjk(text))
        linking = self.linker.link(words)
        if linking.corrections:
            read_as = {correction.written: correction.read_as for correction in linking.corrections}
            text = " ".join(read_as.get(word, word) for word in text.split())
        return Understanding(query, text, linking.tokens, has_cjk(text), linking.corrections, linking.links)
