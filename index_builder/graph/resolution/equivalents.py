"""Names that mean the same wherever they stand: a small table that ships with the builder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from index_builder.graph.resolution.words import british, cut, singulars

_ANY, _BRAND = "any", "brand"


@dataclass(frozen=True, slots=True)
class Equivalents:
    """`phrases` maps words, British and singular, to the preferred words in any name; `brands` whole names of
    brands.
    """

    phrases: Mapping[tuple[str, ...], tuple[str, ...]]
    brands: Mapping[tuple[str, ...], tuple[str, ...]]
    longest: int

    def replace(self, words: Sequence[str]) -> tuple[str, ...]:
        """Every phrase of the table by its preferred name, the longest first; a preferred name that stands
        beside its phrase ("polyvinyl chloride (pvc)") is said once.
        """
        found: list[str] = []
        place = 0
        while place < len(words):
            size, preferred = self._at(words, place)
            place += size
            if preferred is None:
                found.append(words[place - 1])
                continue
            if tuple(found[-len(preferred) :]) != preferred:
                found.extend(preferred)
            if tuple(words[place : place + len(preferred)]) == preferred:
                place += len(preferred)
        return tuple(found)

    def _at(self, words: Sequence[str], place: int) -> tuple[int, tuple[str, ...] | None]:
        """How many words the longest phrase that begins there has, and its preferred name."""
        for size in range(min(self.longest, len(words) - place), 0, -1):
            preferred = self.phrases.get(tuple(words[place : place + size]))
            if preferred is not None:
                return size, preferred
        return 1, None


@cache
def default_equivalents() -> Equivalents:
    """`equivalents.tsv`, written for this project: what it applies to, the preferred name, the others."""
    tables: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {_ANY: {}, _BRAND: {}}
    text = resources.files(__package__).joinpath("equivalents.tsv").read_text(encoding="utf-8")
    for line in text.splitlines()[1:]:
        applies, preferred, others = line.split("\t")
        for other in others.split(","):
            tables[applies][_folded(other)] = _folded(preferred)
    return Equivalents(tables[_ANY], tables[_BRAND], max(map(len, tables[_ANY])))


def _folded(text: str) -> tuple[str, ...]:
    return singulars(british(cut(text)))
