"""Finds many known names in a text at once (Aho and Corasick, CACM 1975), in whole words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ahocorasick

from index_builder.graph.evidence import Label
from index_builder.graph.text.folded import is_word_edge


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """What a name may stand for. `brand` (normalised) limits it to products of that brand, "" does not;
    `confidence` is that of reading the name so, in (0, 1].
    """

    name: str
    label: Label
    confidence: float
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Characters `[start, end)` of the folded text; the entries share one name."""

    start: int
    end: int
    entries: Sequence[Entry]


class Gazetteer:
    """Names are in normal form (`engine.text.normalise`); of nested names only the longest is found."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        by_name: dict[str, dict[tuple[Label, str], Entry]] = {}
        for entry in entries:
            slot = by_name.setdefault(entry.name, {})
            known = slot.get((entry.label, entry.brand))
            if known is None or known.confidence < entry.confidence:
                slot[entry.label, entry.brand] = entry
        self.size = len(by_name)
        self._automaton: Any = ahocorasick.Automaton()
        for name, slot in by_name.items():
            if name:
                self._automaton.add_word(name, (len(name), tuple(sorted(slot.values()))))
        if self.size:
            self._automaton.make_automaton()

    def find(self, text: str, brand: str = "") -> list[Match]:
        """Longest names of the folded text in order of place; a name inside a longer one is left out, names
        that overlap in part both stay. `brand` is the product's own, normalised.
        """
        found: list[Match] = []
        for last, (length, entries) in self._automaton.iter(text) if self.size else ():
            start, end = last + 1 - length, last + 1
            if not (is_word_edge(text, start) and is_word_edge(text, end)):
                continue
            fitting = tuple(entry for entry in entries if not entry.brand or entry.brand == brand)
            if not fitting:
                continue
            while found and start <= found[-1].start:
                found.pop()
            if not (found and found[-1].start <= start and end <= found[-1].end):
                found.append(Match(start, end, fitting))
        return found
