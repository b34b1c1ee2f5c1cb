"""Taxonomies and ontologies from outside: concepts with names per language, broader concepts, equals.

Any SKOS or RDF file will do (Turtle, TriG, N-Triples, N-Quads, RDF/XML, JSON-LD, gzipped or not), or a
folder that holds Shopify's product taxonomy (`index_builder.graph.ontologies.taxonomy`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import DataError
from engine.text import has_cjk, normalise

ENGLISH = ("en", "en-us", "en-gb", "")
"""Language tags whose names are read as English, in this order; "" is no tag."""
_CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class Concept:
    """`preferred` is one name, `alternative` further names, by lower-case language tag ("" for none)."""

    iri: str
    preferred: Mapping[str, str]
    alternative: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The English name, else the first of another language."""
        for language in (*ENGLISH, *sorted(self.preferred)):
            if language in self.preferred:
                return self.preferred[language]
        return self.iri

    @property
    def chinese(self) -> str:
        """The preferred Chinese name, simplified before others; "" for none."""
        tags = sorted(tag for tag in self.preferred if tag.split("-")[0] == _CHINESE)
        return self.preferred[min(tags, key=lambda tag: ("hant" in tag or "tw" in tag, tag))] if tags else ""

    def names(self) -> Iterator[str]:
        """English and Chinese names, the label first, each once."""
        every = [self.label, self.chinese]
        for language in (*ENGLISH, *sorted(tag for tag in self.alternative if tag.startswith(_CHINESE))):
            every += [self.preferred.get(language, ""), *self.alternative.get(language, ())]
        yield from dict.fromkeys(name for name in every if name)


@dataclass(frozen=True, slots=True)
class Ontology:
    """`broader` holds (narrower, broader) places in `concepts`, sorted, without a cycle. `exact` holds pairs
    of a place and the IRI of what means the same: another concept of this ontology, or one elsewhere.
    """

    name: str
    concepts: Sequence[Concept]
    broader: Sequence[tuple[int, int]]
    exact: Sequence[tuple[int, str]] = ()

    def parents(self) -> list[list[int]]:
        """The broader concepts of each."""
        found: list[list[int]] = [[] for _ in self.concepts]
        for narrower, broader in self.broader:
            found[narrower].append(broader)
        return found

    def path(self, place: int, parents: Sequence[Sequence[int]]) -> tuple[int, ...]:
        """From the broadest to the concept itself, by the first broader concept of each."""
        path = [place]
        while parents[path[-1]]:
            path.append(parents[path[-1]][0])
        return tuple(reversed(path))

    def by_name(self) -> dict[str, int]:
        """Normalised names; the first concept of those that share one."""
        found: dict[str, int] = {}
        for place, concept in enumerate(self.concepts):
            for name in concept.names():
                found.setdefault(normalise(name), place)
        return found


def check_acyclic(path: Path, ontology: Ontology) -> None:
    """Raises DataError that names the concepts of the first cycle of broader concepts."""
    parents = ontology.parents()
    state = bytearray(len(parents))
    for start in range(len(parents)):
        if state[start]:
            continue
        trail = [start]
        waiting = [iter(parents[start])]
        state[start] = 1
        while waiting:
            step = next(waiting[-1], None)
            if step is None:
                state[trail.pop()] = 2
                waiting.pop()
            elif state[step] == 1:
                raise DataError(path, _cycle(ontology, [*trail[trail.index(step) :], step]))
            elif not state[step]:
                state[step] = 1
                trail.append(step)
                waiting.append(iter(parents[step]))


def _cycle(ontology: Ontology, places: Sequence[int]) -> str:
    shown = [ontology.concepts[place].label for place in places]
    if len(shown) > 8:
        shown = [*shown[:4], f"({len(shown) - 8} more)", *shown[-4:]]
    return f"broader concepts run in a circle: {' → '.join(shown)}. Remove one of these statements."


def language_of(name: str, tag: str) -> str:
    """The tag in lower case; untagged Chinese is told by its script."""
    return tag.lower() if tag else (_CHINESE if has_cjk(name) else "")
