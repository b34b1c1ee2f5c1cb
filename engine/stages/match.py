"""Stage 4, graph part: how much of the query the knowledge graph says of each candidate.

A word is matched when the product hangs on an entity that the word names, or on one that the graph leads to
from there, by as much as the way there and the statement are sure. "laptop" is said of a product of the type
notebook, though no word of it says so. What a query wants is its last product word; words before it narrow it
down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np

from engine.types import Entity, EntityKind, Expansion, FloatArray, RowArray

MIN_STRENGTH = 0.1
"""Weaker ways are not looked at: they decide nothing."""


class Statements(Protocol):
    """Which products hang on an entity, and how surely."""

    def confidence_of(self, entity: Entity, rows: RowArray) -> FloatArray:
        """Float32 (n,) in [0, 1] for each of `rows` (any order); 0 where the product does not hang on it."""
        ...


@dataclass(frozen=True, slots=True)
class SpanMatch:
    """How much of words `[start, end)` the graph says of each row, float32 (n,) in [0, 1]. `wanted` marks the
    words that say what kind of product is looked for.
    """

    start: int
    end: int
    wanted: bool
    values: FloatArray


def match(
    graph: Statements, expansions: Sequence[Expansion], relations: Mapping[str, float], rows: RowArray
) -> tuple[SpanMatch, ...]:
    """One for each linked span, in the query's order. `relations` weighs one step of a way by its name."""
    found: dict[tuple[int, int], FloatArray] = {}
    kinds = []
    for expansion in expansions:
        link = expansion.link
        strength = link.confidence * prod(relations.get(edge.relation, 0.0) for edge in expansion.path)
        if strength < MIN_STRENGTH:
            continue
        span = link.start, link.end
        if link.entity.kind is EntityKind.CATEGORY:
            kinds.append(span)
        values = np.float32(strength) * graph.confidence_of(expansion.entity, rows)
        found[span] = np.maximum(found[span], values) if span in found else values
    wanted = max(kinds, default=None)
    return tuple(SpanMatch(*span, span == wanted, found[span]) for span in sorted(found))
