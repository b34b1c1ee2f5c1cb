"""Stage 2: walk from the linked entities to their neighbours, within hard caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.types import Entity, GraphEdge, RowArray


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
        """Rows of products that hang on the entity, ascending, int64, at most `limit`."""
        ...

    def relation(self, entity: Entity) -> str:
        """The readable name of the statement by which products hang on this entity ("color")."""
        ...


class ExpansionMode(StrEnum):
    AUTO = "auto"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ExpansionSpec:
    """What the graph may add to one query; the uses can be switched one by one."""

    mode: ExpansionMode = ExpansionMode.AUTO
    max_expansions: int = 16
    lexical_terms: bool = True
    candidates: bool = True
