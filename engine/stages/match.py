"""Stage 4, graph part: how much of the query the knowledge graph says of each candidate.

A word is matched when the product hangs on an entity that the word names, or on one that the graph leads to
from there, by as much as the way there and the statement are sure. "laptop" is said of a product of the type
notebook, though no word of it says so. What a query wants is its last product word, in "sleeve for a laptop"
the last before "for"; with it goes what the thing has to fit. The other words narrow it down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Protocol

import numpy as np

from engine.types import Entity, EntityKind, Expansion, FloatArray, Mask, RowArray

FITTING = frozenset({"for", "fit", "fits", "fitting", "compatible", "适用", "适用于", "用于", "兼容", "适配"})
"""Words after which a query says what the wanted product goes with, not what it is."""
SURE = 0.7
"""Confidence from which a product word is trusted to say what the query does not want."""
_WANTED = frozenset({EntityKind.CATEGORY, EntityKind.COMPATIBLE_TARGET})
MIN_STRENGTH = 0.1
"""Weaker ways are not looked at: they decide nothing."""


class Statements(Protocol):
    """Which products hang on an entity, and how surely."""

    def confidence_of(self, entity: Entity, rows: RowArray) -> FloatArray:
        """Float32 (n,) in [0, 1] for each of `rows` (any order); 0 where the product does not hang on it."""
        ...

    def typed(self, rows: RowArray) -> Mask:
        """Whether it is known of each row what kind of product it is."""
        ...


@dataclass(frozen=True, slots=True)
class SpanMatch:
    """How much of words `[start, end)` the graph says of each row, float32 (n,) in [0, 1]. `wanted` marks the
    words that say what kind of product is looked for, and what it has to fit. `others` marks products that
    are known to be of another kind, or not to fit, where the words surely name one; None where they do not.
    """

    start: int
    end: int
    wanted: bool
    values: FloatArray
    others: Mask | None = None


def match(
    graph: Statements,
    words: Sequence[str],
    expansions: Sequence[Expansion],
    relations: Mapping[str, float],
    rows: RowArray,
) -> tuple[SpanMatch, ...]:
    """One for each linked span that says something of the product itself, in the query's order. `words` are
    the query's; `relations` weighs one step of a way by its name.
    """
    ways = [(each, _strength(each, relations)) for each in expansions]
    roles = _roles(words, [each for each, strength in ways if strength >= MIN_STRENGTH])

    @cache
    def confidence(entity: Entity) -> FloatArray:
        return graph.confidence_of(entity, rows)

    def others(span: tuple[int, int]) -> Mask | None:
        sharing = [each for each in expansions if _span(each) == span]
        return _others(sharing, lambda: graph.typed(rows), confidence) if roles[span] else None

    found: dict[tuple[int, int], FloatArray] = {}
    for expansion, strength in ways:
        span = _span(expansion)
        if strength >= MIN_STRENGTH and span in roles and _speaks(expansion, roles[span]):
            values = np.float32(strength) * confidence(expansion.entity)
            found[span] = np.maximum(found[span], values) if span in found else values
    return tuple(SpanMatch(*span, roles[span], found[span], others(span)) for span in sorted(found))


def _others(
    ways: Sequence[Expansion], typed: Callable[[], Mask], confidence: Callable[[Entity], FloatArray]
) -> Mask | None:
    """Kin of the kind that is named (broader and equal ones) are no other kinds; of a thing that has to be
    fitted, all that does not fit it are others.
    """
    sure = {each.link.entity.kind for each in ways if each.link.confidence >= SURE}
    if EntityKind.CATEGORY in sure:
        return typed() & ~_hanging(ways, confidence)
    if EntityKind.COMPATIBLE_TARGET in sure:
        return ~_hanging([each for each in ways if _fits(each)], confidence)
    return None


def _hanging(ways: Sequence[Expansion], confidence: Callable[[Entity], FloatArray]) -> Mask:
    hanging: Mask = np.any([confidence(each.entity) > 0 for each in ways], axis=0)
    return hanging


def _fits(expansion: Expansion) -> bool:
    return expansion.entity.kind is EntityKind.COMPATIBLE_TARGET


def _speaks(expansion: Expansion, wanted: bool) -> bool:
    """What a wanted thing has to fit is said by what fits it; the printer itself only bears the name."""
    return not wanted or expansion.link.entity.kind in _WANTED


def _strength(expansion: Expansion, relations: Mapping[str, float]) -> float:
    """How sure the link is, times how much of its meaning the way leaves, in [0, 1]."""
    return expansion.link.confidence * prod(relations.get(edge.relation, 0.0) for edge in expansion.path)


def _roles(words: Sequence[str], ways: Sequence[Expansion]) -> dict[tuple[int, int], bool]:
    """Whether each span is wanted. A kind of product that comes after "for" is left out: "sleeve for a
    laptop" is not about laptops.
    """
    kinds = {_span(each) for each in ways if each.link.entity.kind is EntityKind.CATEGORY}
    targets = {_span(each) for each in ways if each.link.entity.kind is EntityKind.COMPATIBLE_TARGET}
    cue = next((place for place, word in enumerate(words) if word in FITTING), len(words))
    before = {span for span in kinds if span[0] < cue}
    wanted = {max(before or kinds)} if kinds else set()
    if wanted or cue < len(words):
        wanted |= targets - kinds
    left_out = kinds - before - targets if before else set()
    return {span: span in wanted for span in map(_span, ways) if span not in left_out}


def _span(expansion: Expansion) -> tuple[int, int]:
    return expansion.link.start, expansion.link.end
