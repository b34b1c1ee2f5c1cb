"""A knowledge graph of plain dictionaries, for tests of the stages that walk one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.types import Entity, EntityKind, FloatArray, GraphEdge, Mask, RowArray


def entity(name: str, kind: EntityKind, count: int = 1, attribute: str = "") -> Entity:
    return Entity(f"urn:test:{kind}:{name}", kind, name, attribute, count)


@dataclass(frozen=True)
class FakeGraph:
    """`rows`, `edges` and how `sure` its statements are by IRI; counts the calls of `neighbours`."""

    product_total: int
    rows: Mapping[str, Sequence[int]] = field(default_factory=dict)
    edges: Mapping[str, Sequence[GraphEdge]] = field(default_factory=dict)
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sure: Mapping[str, float] = field(default_factory=dict)
    walked: list[str] = field(default_factory=list)

    def neighbours(self, entity: Entity, limit: int) -> Sequence[GraphEdge]:
        self.walked.append(entity.iri)
        return self.edges.get(entity.iri, ())[:limit]

    def products(self, entity: Entity, limit: int) -> RowArray:
        return np.asarray(self.rows.get(entity.iri, ()), np.int64)[:limit]

    def confidence_of(self, entity: Entity, rows: RowArray) -> FloatArray:
        sure = self.sure.get(entity.iri, 1.0)
        return np.float32(sure) * np.isin(rows, self.products(entity, self.product_total)).astype(np.float32)

    def typed(self, rows: RowArray) -> Mask:
        kinds = [rows for iri, rows in self.rows.items() if f":{EntityKind.CATEGORY}:" in iri]
        return np.isin(rows, np.unique([row for known in kinds for row in known]).astype(np.int64))

    def nearness(self, entities: Sequence[Entity], rows: RowArray) -> FloatArray:
        near = [self.confidence_of(each, rows) for each in entities]
        return np.mean(near, axis=0, dtype=np.float32) if near else np.zeros(len(rows), np.float32)

    def relation(self, entity: Entity) -> str:
        return "fits" if entity.kind is EntityKind.COMPATIBLE_TARGET else ""

    def names(self, entity: Entity, least: float = 0.0) -> Sequence[str]:
        return self.synonyms.get(entity.iri, ())
