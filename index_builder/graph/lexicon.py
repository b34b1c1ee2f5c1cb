"""A small table of colours, materials and product words with their English and Chinese synonyms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from engine.text import normalise


@dataclass(frozen=True, slots=True)
class Synonyms:
    """One meaning. `preferred` is English; every text is normalised."""

    preferred: str
    english: tuple[str, ...]
    chinese: tuple[str, ...]

    def names(self) -> Iterator[str]:
        yield self.preferred
        yield from self.english
        yield from self.chinese


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Finds a meaning by any of its names. Names are normalised text; one name has one meaning per kind."""

    colors: Mapping[str, Synonyms]
    materials: Mapping[str, Synonyms]
    types: Mapping[str, Synonyms]


@cache
def default_lexicon() -> Lexicon:
    """The table that ships with the builder (`synonyms.tsv`, written for this project)."""
    found: dict[str, dict[str, Synonyms]] = {"color": {}, "material": {}, "type": {}}
    text = resources.files(__package__).joinpath("synonyms.tsv").read_text(encoding="utf-8")
    for line in text.splitlines()[1:]:
        kind, preferred, english, chinese = line.split("\t")
        synonyms = Synonyms(normalise(preferred), _names(english), _names(chinese))
        for name in synonyms.names():
            found[kind].setdefault(name, synonyms)
    return Lexicon(found["color"], found["material"], found["type"])


def _names(cell: str) -> tuple[str, ...]:
    return tuple(normalise(name) for name in cell.split(",") if name.strip())
