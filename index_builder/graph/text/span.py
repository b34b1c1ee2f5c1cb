"""Characters of a folded text that may name something, and how candidates that overlap are settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from index_builder.graph.evidence import Extractor, Label

_PRIORITY = {
    Label.BRAND: 0,
    Label.TARGET: 1,
    Label.TYPE: 2,
    Label.SIZE: 3,
    Label.CAPACITY: 3,
    Label.SERIES: 4,
    Label.MODEL: 5,
    Label.COLOR: 6,
    Label.MATERIAL: 7,
    Label.AUDIENCE: 8,
    Label.OCCASION: 9,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `[start, end)`; `confidence` in (0, 1]. `name` is "" where the words are the name."""

    start: int
    end: int
    label: Label
    confidence: float
    extractor: Extractor = Extractor.GAZETTEER
    name: str = ""


def settle(candidates: Iterable[Span]) -> list[Span]:
    """Spans without overlaps, in order of place: of two that overlap the surer one stays, then the one whose
    label is more telling, then the longer one, then the first.
    """
    ranked = sorted(
        candidates,
        key=lambda span: (
            -round(span.confidence, 2),
            _PRIORITY[span.label],
            span.start - span.end,
            span.start,
            span.extractor,
        ),
    )
    kept: list[Span] = []
    for span in ranked:
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)
