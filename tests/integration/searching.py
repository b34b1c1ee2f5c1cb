"""Asks the pipeline, and reads its answers."""

from __future__ import annotations

from decimal import Decimal

from engine.deadline import Deadline
from engine.pipeline import Pipeline
from engine.request import (
    Hit,
    RerankSpec,
    SearchRequest,
    SearchResult,
    Stage,
)
from engine.types import Product

NO_RERANK = RerankSpec(enabled=False)
ALL = 1_000
"""More than the catalogue has, so that one page holds a whole ranking."""


def search(pipeline: Pipeline, request: SearchRequest) -> SearchResult:
    return pipeline.search(request, Deadline.none())


def ids(result: SearchResult) -> list[str]:
    return [str(hit.product.id) for hit in result.hits]


def stages_of(result: SearchResult) -> list[Stage]:
    return [timing.stage for timing in result.timings]


def price_of(hit: Hit) -> Decimal:
    assert hit.product.price is not None
    return hit.product.price.amount


def colors_of(product: Product) -> tuple[str, ...]:
    """Some products have two colours, and so every product's are held as several texts."""
    colors = product.attributes.get("color", ())
    assert isinstance(colors, tuple)
    return colors


def part_names(result: SearchResult) -> set[str]:
    return {part.name for hit in result.hits if hit.explanation for part in hit.explanation.parts}


def has_part(hit: Hit, name: str) -> bool:
    return hit.explanation is not None and any(part.name == name for part in hit.explanation.parts)
