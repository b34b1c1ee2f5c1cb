"""What the knowledge graph says of products that came after it: read from their own fields and titles.

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

import numpy as np

from engine.stages.graph import KnowledgeGraph
from engine.stages.match import FITTING
from engine.text import tokens
from engine.types import (
    AttributeValue,
    Entity,
    EntityKind,
    EntityLink,
    FloatArray,
    GraphEdge,
    Mask,
    Product,
    RowArray,
)

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


class ProductReader:
    """Says on which entities a product hangs, and how surely."""

    def __init__(self, graph: NamedGraph, finder: NameFinder) -> None:
        self._graph = graph
        self._finder = finder
        self._above: dict[str, tuple[Entity, ...]] = {}
        self._named: defaultdict[str, list[tuple[Entity, float]]] = defaultdict(list)
        for words, entity, confidence in graph.labels():
            self._named[words].append((entity, confidence))

    def __call__(self, product: Product) -> dict[Entity, float]:
        """Broader entities among them, by confidence in (0, 1]."""
        found: dict[Entity, float] = {}
        for entity, confidence in (*self._stated(product), *self._in_title(product)):
            for each in (entity, *self._broader(entity)):
                found[each] = max(found.get(each, 0.0), confidence)
        return found

    def _stated(self, product: Product) -> Iterator[tuple[Entity, float]]:
        yield from self._of_kind(product.brand, EntityKind.BRAND)
        for level in product.category:
            yield from self._of_kind(level, EntityKind.CATEGORY)
        for key, value in product.attributes.items():
            for text in _texts(value):
                for entity, confidence in self._named.get(_name(text), ()):
                    if entity.attribute == key:
                        yield entity, confidence

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
        found: dict[str, Entity] = {}
        waiting = [entity]
        for _ in range(_LEVELS):
            waiting = [
                edge.target
                for each in waiting
                for edge in self._graph.neighbours(each, _BROADER)
                if edge.forward and edge.relation == "broader" and edge.target.iri not in found
            ]
            found |= {each.iri: each for each in waiting}
        return tuple(found.values())


class Hanging:
    """Which slots hang on which entities. It only grows, so that a snapshot needs no copy: it looks at slots
    below its own size.
    """

    def __init__(self, base: int) -> None:
        self._base = base
        self._size = base
        self._rows: defaultdict[str, list[int]] = defaultdict(list)
        self._confidences: defaultdict[str, list[float]] = defaultdict(list)
        self._typed: set[int] = set()

    def add(self, entities: Mapping[Entity, float]) -> None:
        """Of the next slot."""
        for entity, confidence in entities.items():
            self._confidences[entity.iri].append(confidence)  # before its row, by which readers go
            self._rows[entity.iri].append(self._size)
            if entity.kind is EntityKind.CATEGORY and entity.attribute:
                self._typed.add(self._size)
        self._size += 1

    def on(self, entity: Entity, size: int) -> tuple[RowArray, FloatArray]:
        """Ascending rows from the generation's up to `size`, and how sure each is, float32 in (0, 1]."""
        rows = np.array(self._rows.get(entity.iri, ()), np.int64)
        rows = rows[: np.searchsorted(rows, size)]
        sure = self._confidences.get(entity.iri, [])[: len(rows)]
        return rows, np.array(sure, np.float32)

    def typed(self, rows: Sequence[int]) -> Mask:
        return np.array([row in self._typed for row in rows], np.bool_)


@dataclass(frozen=True, slots=True)
class LayeredGraph:
    """Fits `KnowledgeGraph`: the generation's `graph` over `base` rows, and slots up to the row `size`."""

    graph: KnowledgeGraph
    hanging: Hanging
    base: int
    size: int

    @property
    def product_total(self) -> int:
        return self.size

    def neighbours(self, entity: Entity, limit: int) -> Sequence[GraphEdge]:
        return self.graph.neighbours(entity, limit)

    def products(self, entity: Entity, limit: int) -> RowArray:
        rows = self.graph.products(entity, limit)
        beside, _ = self.hanging.on(entity, self.size)
        return np.concatenate([rows, beside])[:limit] if len(beside) else rows

    def confidence_of(self, entity: Entity, rows: RowArray) -> FloatArray:
        above = rows >= self.base
        if not above.any():
            return self.graph.confidence_of(entity, rows)
        found = np.zeros(len(rows), np.float32)
        found[~above] = self.graph.confidence_of(entity, rows[~above])
        hanging, sure = self.hanging.on(entity, self.size)
        if len(hanging):
            places = np.minimum(np.searchsorted(hanging, rows[above]), len(hanging) - 1)
            found[above] = np.where(hanging[places] == rows[above], sure[places], 0)
        return found

    def typed(self, rows: RowArray) -> Mask:
        above = rows >= self.base
        flags = np.zeros(len(rows), np.bool_)
        flags[~above] = self.graph.typed(rows[~above])
        flags[above] = self.hanging.typed(rows[above].tolist())
        return flags

    def nearness(self, entities: Sequence[Entity], rows: RowArray) -> FloatArray:
        """The graph's embeddings know nothing of slots."""
        above = rows >= self.base
        found = np.zeros(len(rows), np.float32)
        found[~above] = self.graph.nearness(entities, rows[~above])
        return found

    def relation(self, entity: Entity) -> str:
        return self.graph.relation(entity)

    def names(self, entity: Entity, least: float = 0.0) -> Sequence[str]:
        return self.graph.names(entity, least)


@lru_cache(_NAMES_KEPT)
def _name(text: str) -> str:
    """As the graph's names are written; the values of attributes are few, and come again and again."""
    return " ".join(tokens(text))


def _is(link: EntityLink, kind: EntityKind) -> bool:
    return link.entity.kind is kind


def _texts(value: AttributeValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple) else ()
