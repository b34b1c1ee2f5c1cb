"""What the finders of relations hand over: pairs of products, by row."""

from __future__ import annotations

from dataclasses import dataclass

from index_builder.graph.vocabulary import Term


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Product `subject` stands in the relation to product `object`; both are rows. `confidence` in (0, 1]."""

    subject: int
    object: int
    predicate: Term
    source: str
    confidence: float


def unordered(one: int, two: int) -> tuple[int, int]:
    return (one, two) if one < two else (two, one)
