"""A request made definite: checked, bounded, with the server's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from engine.errors import InvalidArgumentError
from engine.paging import offset_of
from engine.request import (
    DEFAULT_PAGE_SIZE,
    MAX_QUERY_LENGTH,
    SearchRequest,
    Source,
)
from engine.stages import rerank
from engine.stages.compare import (
    COVERAGE,
    KIND,
    OTHER_KIND,
    PRIOR,
    PROPERTIES,
    SIMILARITY,
    ComparisonWeights,
)
from engine.stages.facets import check_facet_keys
from engine.stages.filtering import Columns, Filter, parse_filter
from engine.stages.fuse import Fusion
from engine.stages.order import OrderBy, parse_order_by

MAX_CANDIDATES = 1_000
MAX_RERANK_DEPTH = 200

WEIGHT_OF_PART: Mapping[str, str] = {
    Source.LEXICAL.value: "lexical",
    Source.DENSE.value: "dense",
    COVERAGE: "coverage",
    KIND: "kind",
    OTHER_KIND: "other_kind",
    PROPERTIES: "properties",
    SIMILARITY: "similarity",
    Source.PAST_QUERIES.value: "past_queries",
    PRIOR: "prior",
    rerank.PART: "rerank",
}
"""The field of `RankingSettings` that weighs a part of the score, by the part's name in explanations."""
PENALTIES = frozenset({OTHER_KIND})
"""Parts that take their weight away."""


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """The server's defaults and the weights of the score's parts (see ARCHITECTURE.md for how they were
    chosen). The weight of the lexical and past-query sources is what their best product gains; `rerank` is
    what a probability of 1 gains; for the others see `ComparisonWeights`. A generation may bring weights that
    were learned from the shop's judgements (see engine/backends/fusion_weights.py).
    """

    candidates_per_source: int = 200
    rerank_depth: int = 20
    lexical: float = 2.0
    dense: float = 5.0
    coverage: float = 2.0
    kind: float = 0.5
    other_kind: float = 0.6
    properties: float = 0.2
    similarity: float = 0.2
    past_queries: float = 0.2
    rerank: float = 0.5
    prior: float = 0.0

    @property
    def weights(self) -> dict[str, float]:
        """By the part's name, none negative."""
        return {part: getattr(self, field) for part, field in WEIGHT_OF_PART.items()}

    def weighing(self, weights: Mapping[str, float]) -> Self:
        """With other weights, by the part's name; KeyError for a part that does not exist."""
        changes: dict[str, Any] = {WEIGHT_OF_PART[part]: weight for part, weight in weights.items()}
        return replace(self, **changes)

    @property
    def fusion(self) -> Fusion:
        weights: dict[str, float] = {
            Source.LEXICAL: self.lexical,
            Source.DENSE: 0.0,  # see engine.stages.compare: its part is the cosine, not the rank
            Source.GRAPH: 0.0,  # the same: its part is what the graph says of the product
            Source.PAST_QUERIES: self.past_queries,
        }
        return Fusion(weights, by_score=frozenset({Source.GRAPH, Source.PAST_QUERIES}))

    @property
    def comparison(self) -> ComparisonWeights:
        return ComparisonWeights(
            dense=self.dense,
            coverage=self.coverage,
            kind=self.kind,
            other_kind=self.other_kind,
            properties=self.properties,
            similarity=self.similarity,
            prior=self.prior,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """`limit` candidates per source, `depth` of them reranked, the page [offset, offset + page_size).

    Reranking has to settle the first `settles` places; None where a later step may move any product there.
    """

    query: str
    offset: int
    page_size: int
    limit: int
    depth: int
    filter: Filter | None
    order: OrderBy | None
    diverse: bool

    @property
    def page_end(self) -> int:
        return self.offset + self.page_size

    @property
    def settles(self) -> int | None:
        return None if self.diverse or self.order is not None else self.page_end

    @classmethod
    def of(
        cls, request: SearchRequest, settings: RankingSettings, columns: Columns, generation_id: str
    ) -> Plan:
        """Raises InvalidArgumentError, FilterSyntaxError, UnknownFieldError or StalePageTokenError."""
        if len(request.retrieval.disabled) == len(Source):
            raise InvalidArgumentError(
                "retrieval_spec.disabled_sources", "All sources are disabled; leave at least one on."
            )
        if request.page_size < 0:
            raise InvalidArgumentError(
                "page_size", f"page_size is {request.page_size}; it must not be negative."
            )
        check_facet_keys(columns, request.facet_keys)
        limit = request.retrieval.candidates_per_source or settings.candidates_per_source
        return cls(
            query=checked_query(request.query, "query"),
            offset=offset_of(request, generation_id),
            page_size=request.page_size or DEFAULT_PAGE_SIZE,
            limit=min(limit, MAX_CANDIDATES),
            depth=min(request.rerank.depth or settings.rerank_depth, MAX_RERANK_DEPTH)
            if request.rerank.enabled
            else 0,
            filter=parse_filter(request.filter, columns) if request.filter.strip() else None,
            order=parse_order_by(request.order_by, columns) if request.order_by.strip() else None,
            diverse=request.diversity.wanted,
        )


def checked_query(text: str, field: str) -> str:
    """The trimmed text. Raises InvalidArgumentError when it is empty, above 1,000 characters or holds a lone
    surrogate (what Python makes of bytes that are not UTF-8).
    """
    query = text.strip()
    if not query:
        raise InvalidArgumentError(field, f"{field} is empty; give 1 to {MAX_QUERY_LENGTH} characters.")
    if len(query) > MAX_QUERY_LENGTH:
        raise InvalidArgumentError(
            field,
            f"{field} has {len(query)} characters; at most {MAX_QUERY_LENGTH} are allowed.",
            length=len(query),
        )
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            field, f"{field} is not valid Unicode at character {error.start}; send it as UTF-8."
        ) from None
    return query
