"""The knowledge graph in Oxigraph: RDF on disk, opened read-only, walked one bounded pattern at a time.

SPARQL stays off the hot path, because a running query cannot be cancelled. Which products hang on an entity
is read from the materialised posting lists (see `engine.backends.graph_tables`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock

import numpy as np
import pyoxigraph
from pyoxigraph import NamedNode, Quad

from engine.backends.graph_store import open_store, quads
from engine.backends.graph_tables import EntityName, GraphTables
from engine.backends.graph_vectors import ENTITIES, GraphVectors
from engine.types import Entity, FloatArray, GraphEdge, Mask, RowArray

STORE = "store"

_SKOS = "http://www.w3.org/2004/02/skos/core#"
_BROADER = NamedNode(f"{_SKOS}broader")
_EXACT_MATCH = NamedNode(f"{_SKOS}exactMatch")
_FORWARD = {
    _BROADER.value: "broader",
    _EXACT_MATCH.value: "same as",
    "https://schema.org/brand": "brand",
}
_MAX_STATEMENTS = 256
"""Statements read around one entity, at most; those about its products are in other patterns."""
_CACHED_ENTITIES = 16_384


class OxigraphKnowledgeGraph:
    """Safe to call from many threads; any number of processes may open one folder."""

    def __init__(
        self, store: pyoxigraph.Store, path: Path, tables: GraphTables, vectors: GraphVectors | None = None
    ) -> None:
        """`path` is the folder that the store was opened from."""
        self._store = store
        self._path = path
        self._tables = tables
        self._vectors = vectors
        self._index = {entity.iri: index for index, entity in enumerate(tables.entities)}
        self._name_offsets = np.searchsorted(
            np.fromiter((name.entity for name in tables.names), np.int64, len(tables.names)),
            np.arange(len(tables.entities) + 1),
        )
        self._typed = tables.typed()
        self._cache: dict[str, tuple[GraphEdge, ...]] = {}
        self._lock = Lock()

    @classmethod
    def open(cls, folder: Path) -> OxigraphKnowledgeGraph:
        """Raises DamagedGenerationError naming what cannot be read. Writes nothing."""
        tables = GraphTables.open(folder)
        store = open_store(folder / STORE)
        vectors = GraphVectors.open(folder) if (folder / ENTITIES).exists() else None
        return cls(store, folder / STORE, tables, vectors)

    @property
    def store(self) -> pyoxigraph.Store:
        """Opened read-only."""
        return self._store

    def quads(
        self, subject: NamedNode | None, predicate: NamedNode | None, thing: NamedNode | None
    ) -> Iterator[Quad]:
        """Statements; None stands for anything. Raises DamagedGenerationError, on the way too."""
        return quads(self._store, self._path, subject, predicate, thing)

    @property
    def tables(self) -> GraphTables:
        return self._tables

    def place(self, iri: str) -> int | None:
        """Of an entity in the tables; None for an IRI that names none."""
        return self._index.get(iri)

    @property
    def product_total(self) -> int:
        return self._tables.product_total

    @property
    def entities(self) -> Sequence[Entity]:
        """All of them, by kind and IRI."""
        return self._tables.entities

    @property
    def words(self) -> Mapping[str, int]:
        """Words of the catalogue and of the graph's names, with their counts."""
        return self._tables.words

    def labels(self) -> Iterator[tuple[str, Entity, float]]:
        """Every name as (its tokens joined by blanks, the entity, confidence in (0, 1])."""
        entities = self._tables.entities
        for name in self._tables.names:
            yield name.words, entities[name.entity], name.confidence

    def names(self, entity: Entity, least: float = 0.0) -> tuple[str, ...]:
        """Normalised texts that the entity answers to with a confidence of at `least` that, the surest first;
        () for an unknown entity.
        """
        index = self._index.get(entity.iri)
        if index is None:
            return ()
        return tuple(name.text for name in self.names_at(index) if name.confidence >= least)

    def names_at(self, place: int) -> Sequence[EntityName]:
        """Everything that the entity at a place answers to, the surest first."""
        return self._tables.names[self._name_offsets[place] : self._name_offsets[place + 1]]

    def products(self, entity: Entity, limit: int) -> RowArray:
        """Those of narrower categories, types, colours and materials are among them."""
        index = self._index.get(entity.iri)
        return np.empty(0, np.int64) if index is None else self._tables.products(index)[:limit]

    def confidence_of(self, entity: Entity, rows: RowArray) -> FloatArray:
        """How sure it is that each of `rows` hangs on the entity: float32 in [0, 1], 0 where it does not."""
        index = self._index.get(entity.iri)
        if index is None:
            return np.zeros(len(rows), np.float32)
        return self._tables.confidence_of(index, rows)

    def typed(self, rows: RowArray) -> Mask:
        """Whether each of `rows` hangs on a product type, read from a field or the title; categories of a
        taxonomy, which has one for everything, do not count.
        """
        flags: Mask = self._typed[rows]
        return flags

    def nearness(self, entities: Sequence[Entity], rows: RowArray) -> FloatArray:
        """How near each of `rows` is to the entities by the graph's embeddings: float32 in [0, 1], 0 where
        the graph has none.
        """
        places = [self._index[each.iri] for each in entities if each.iri in self._index]
        if self._vectors is None:
            return np.zeros(len(rows), np.float32)
        return self._vectors.scores(places, rows)

    def relation(self, entity: Entity) -> str:
        index = self._index.get(entity.iri)
        return "" if index is None else self._tables.relations[index]

    def neighbours(self, entity: Entity, limit: int) -> tuple[GraphEdge, ...]:
        """Raises DamagedGenerationError when the store turns out to be damaged."""
        edges = self._cache.get(entity.iri)
        if edges is None:
            edges = self._walk(entity)
            with self._lock:
                if len(self._cache) >= _CACHED_ENTITIES:
                    del self._cache[next(iter(self._cache))]
                self._cache[entity.iri] = edges
        return edges[:limit]

    def forget(self) -> None:
        """Empty the cache of neighbours: the next walk reads the store again."""
        with self._lock:
            self._cache.clear()

    def _walk(self, entity: Entity) -> tuple[GraphEdge, ...]:
        """Broader, equal and other entities first, then narrower ones, those with most products first. That
        two are the same may be stated of either: the builder keeps one of two such statements.
        """
        node = NamedNode(entity.iri)
        outwards = {
            GraphEdge(_FORWARD[quad.predicate.value], target)
            for quad in islice(self.quads(node, None, None), _MAX_STATEMENTS)
            if quad.predicate.value in _FORWARD and (target := self._entity(quad.object)) is not None
        }
        outwards.update(
            GraphEdge(_FORWARD[_EXACT_MATCH.value], target)
            for quad in islice(self.quads(None, _EXACT_MATCH, node), _MAX_STATEMENTS)
            if (target := self._entity(quad.subject)) is not None
        )
        inwards = {
            GraphEdge("narrower", target, forward=False)
            for quad in islice(self.quads(None, _BROADER, node), _MAX_STATEMENTS)
            if (target := self._entity(quad.subject)) is not None
        }
        return (*sorted(outwards, key=_order), *sorted(inwards, key=_order))

    def _entity(self, node: object) -> Entity | None:
        index = self._index.get(node.value) if isinstance(node, NamedNode) else None
        return None if index is None else self._tables.entities[index]


def _order(edge: GraphEdge) -> tuple[str, int, str]:
    return edge.relation, -edge.target.product_count, edge.target.iri
