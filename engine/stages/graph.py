"""What the stages need of a knowledge graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.types import Entity, FloatArray, GraphEdge, Mask, RowArray


class KnowledgeGraph(Protocol):
    """What expansion and graph retrieval need of the graph. Every call is bounded by its `limit`."""

    @property
    def product_total(self) -> int: ...

    def neighbours(self, entity: Entity, limit: int) -> Sequence[GraphEdge]:
        """Entities one statement away (broader and narrower categories, targets that are compatible, values
        that mean the same), in a repeatable order. Products are not neighbours: see `products`.
        """
        ...

    def products(self, entity: Entity, limit: int) -> RowArray:
        """Rows, int64, of products that hang on the entity or a narrower one: ascending, at most `limit`."""
        ...

    def confidence_of(self, entity: Entity, rows: RowArray) -> FloatArray:
        """How sure it is that each of `rows` hangs on the entity: float32 in [0, 1], 0 where it does not."""
        ...

    def typed(self, rows: RowArray) -> Mask:
        """Whether it is known of each row what kind of product it is."""
        ...

    def nearness(self, entities: Sequence[Entity], rows: RowArray) -> FloatArray:
        """How near each of `rows` is to the entities by the graph's embeddings: float32 in [0, 1], 0 where
        the graph has none.
        """
        ...

    def relation(self, entity: Entity) -> str:
        """The readable name of the statement by which products hang on this entity ("color")."""
        ...

    def names(self, entity: Entity, least: float = 0.0) -> Sequence[str]:
        """Normalised texts that the entity answers to (synonyms, translations) with a confidence of at
        `least` that, the surest first.
        """
        ...
