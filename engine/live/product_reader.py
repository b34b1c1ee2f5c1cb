"""What the knowledge graph says of a product that came after it: read from its own fields and its title.

A build reads texts with a tagger and a grammar of the whole shop; a single new product is only linked: its
brand, category and attribute values by their names, its title as a query would be. Of the kinds of things
that a title names, the last before "for" is what the product is, and what comes after "for" is what it fits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

from engine.stages.graph import KnowledgeGraph
from engine.stages.match import FITTING
from engine.text import normalise, tokens
from engine.types import AttributeValue, Entity, EntityKind, EntityLink, Product

SAID_IN_TITLE = 0.9
"""Of what a title seems to say, as of what the builder's tagger finds."""
_LEVELS = 6
"""Broader entities that are walked up to, at most."""
_BROADER = 8
_NAMES_KEPT = 65_536
_HAVE_BROADER = frozenset({EntityKind.CATEGORY, EntityKind.COLOR, EntityKind.MATERIAL})


class NamedGraph(KnowledgeGraph, Protocol):
    def labels(self) -> Iterable[tuple[str, Entity, float]]: ...


class NameFinder(Protocol):
    def names(self, words: Sequence[str]) -> tuple[EntityLink, ...]:
        """The entities that a text names as it is written; spans do not overlap."""
        ...


@dataclass(frozen=True, slots=True)
class Linked:
    """The entities that a product hangs on, each with a confidence in (0, 1]: those that are `stated` of it,
    and with them all that are broader (`below`). What follows from a narrower one is not stated.
    """

    stated: Mapping[Entity, float]
    below: Mapping[Entity, float]


class ProductReader:
    """Says on which entities a product hangs, and how surely."""

    def __init__(self, graph: NamedGraph, finder: NameFinder) -> None:
        self._graph = graph
        self._finder = finder
        self._above: dict[str, tuple[Entity, ...]] = {}
        self._named: defaultdict[str, list[tuple[Entity, float]]] = defaultdict(list)
        self._categories: dict[str, Entity] = {}
        for words, entity, confidence in graph.labels():
            self._named[words].append((entity, confidence))
            if entity.kind is EntityKind.CATEGORY:
                self._categories[entity.iri] = entity

    def __call__(self, product: Product) -> Linked:
        named: dict[Entity, float] = {}
        for entity, confidence in (*self._in_fields(product), *self._in_title(product)):
            named[entity] = max(named.get(entity, 0.0), confidence)
        implied: dict[Entity, float] = {}
        for entity, confidence in named.items():
            for each in self._broader(entity):
                implied[each] = max(implied.get(each, 0.0), confidence)
        return Linked(
            stated={each: sure for each, sure in named.items() if implied.get(each, 0.0) < sure},
            below={each: max(named.get(each, 0.0), implied.get(each, 0.0)) for each in named | implied},
        )

    def _in_fields(self, product: Product) -> Iterator[tuple[Entity, float]]:
        yield from self._of_kind(product.brand, EntityKind.BRAND)
        yield from self._category(product.category)
        for key, value in product.attributes.items():
            for text in _texts(key, value):
                for entity, confidence in self._named.get(_name(text), ()):
                    if entity.attribute == key:
                        yield entity, confidence

    def _category(self, path: tuple[str, ...]) -> Iterator[tuple[Entity, float]]:
        """The narrowest level whose path the graph knows, from which the broader ones follow. Of levels below
        it, which it merged with others or does not have, whatever answers to their names.
        """
        for name, iri in _levels(path):
            known = self._categories.get(iri)
            if known is not None:
                yield known, 1.0
                return
            yield from self._of_kind(name, EntityKind.CATEGORY)

    def _of_kind(self, text: str, kind: EntityKind) -> Iterator[tuple[Entity, float]]:
        for entity, confidence in self._named.get(_name(text), ()):
            if entity.kind is kind:
                yield entity, confidence

    def _in_title(self, product: Product) -> Iterator[tuple[Entity, float]]:
        words = tokens(product.title)
        links = self._finder.names(words)
        cue = next((place for place, word in enumerate(words) if word in FITTING), len(words))
        kinds = [link.start for link in links if _is(link, EntityKind.CATEGORY) and link.start < cue]
        for link in links:
            named = link.start < cue
            if _is(link, EntityKind.CATEGORY):
                named = bool(kinds) and link.start == max(kinds)
            elif _is(link, EntityKind.COMPATIBLE_TARGET):
                named = link.start > cue
            if named:
                yield link.entity, SAID_IN_TITLE * link.confidence

    def _broader(self, entity: Entity) -> tuple[Entity, ...]:
        """Walked once for each entity that a product has hung on."""
        above = self._above.get(entity.iri)
        if above is None:
            above = self._walk_up(entity) if entity.kind in _HAVE_BROADER else ()
            self._above[entity.iri] = above
        return above

    def _walk_up(self, entity: Entity) -> tuple[Entity, ...]:
        found: dict[str, Entity] = {entity.iri: entity}
        waiting = [entity]
        for _ in range(_LEVELS):
            waiting = [
                edge.target
                for each in waiting
                for edge in self._graph.neighbours(each, _BROADER)
                if edge.forward and edge.relation == "broader" and edge.target.iri not in found
            ]
            found |= {each.iri: each for each in waiting}
        return tuple(found.values())[1:]


@lru_cache(_NAMES_KEPT)
def _name(text: str) -> str:
    """As the graph's names are written; the values of attributes are few, and come again and again."""
    return " ".join(tokens(text))


@lru_cache(_NAMES_KEPT)
def _levels(path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Each level of a category path, the narrowest first, with the builder's IRI of the path down to it."""
    names = [name for level in path if (name := normalise(level))]
    slugs = [quote(name, safe="") for name in names]
    return tuple(
        (names[depth], f"urn:cartograph:category:{':'.join(slugs[: depth + 1])}")
        for depth in reversed(range(len(names)))
    )


def _is(link: EntityLink, kind: EntityKind) -> bool:
    return link.entity.kind is kind


def _texts(key: str, value: AttributeValue) -> tuple[str, ...]:
    """What is true is a value that is called like its key."""
    if isinstance(value, str):
        return (value,)
    if value is True:
        return (key,)
    return value if isinstance(value, tuple) else ()
