"""Which live products hang on which entities, beside those of the generation's graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.live.product_reader import Linked
from engine.stages.graph import KnowledgeGraph
from engine.types import Entity, EntityKind, FloatArray, GraphEdge, Mask, RowArray


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
        self._stated: list[Mapping[Entity, float]] = []

    def add(self, linked: Linked) -> None:
        """Of the next slot."""
        self._stated.append(linked.stated)
        for entity, confidence in linked.below.items():
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

    def stated(self, row: int) -> Mapping[Entity, float]:
        """The entities that the product of a slot states itself, without broader ones, and how surely."""
        return self._stated[row - self._base]

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
