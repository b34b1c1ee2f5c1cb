"""A search as the engine takes it and the answer it gives: the contract between `rpc` and `pipeline`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from engine.stages.expand import ExpansionSpec
from engine.stages.explain import Explanation, ScorePart
from engine.stages.facets import Facet
from engine.stages.retrieve import Source
from engine.stages.understand import Correction
from engine.types import EntityLink, Product

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "MAX_PAGE_SIZE",
    "MAX_QUERY_LENGTH",
    "DegradedStage",
    "DiversitySpec",
    "ExpandedEntity",
    "ExpansionInfo",
    "Explanation",
    "Hit",
    "RerankSpec",
    "RetrievalSpec",
    "ScorePart",
    "SearchRequest",
    "SearchResult",
    "Source",
    "Stage",
    "StageTiming",
    "Suggestion",
]

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
MAX_QUERY_LENGTH = 1_000
"""In characters, after trimming."""


class Stage(StrEnum):
    """The steps of a search, in order."""

    UNDERSTAND = "understand"
    EXPAND = "expand"
    FILTER = "filter"
    ENCODE = "encode"
    RETRIEVE = "retrieve"
    FUSE = "fuse"
    RERANK = "rerank"
    DIVERSIFY = "diversify"
    EXPLAIN = "explain"


@dataclass(frozen=True, slots=True)
class RerankSpec:
    """`depth` 0 means the server's default."""

    enabled: bool = True
    depth: int = 0


@dataclass(frozen=True, slots=True)
class DiversitySpec:
    """`strength` is 1 - lambda of maximal marginal relevance, 0 to 1; `max_per_brand` 0 means no cap."""

    strength: float = 0.0
    max_per_brand: int = 0

    @property
    def wanted(self) -> bool:
        return bool(self.strength or self.max_per_brand)


@dataclass(frozen=True, slots=True)
class RetrievalSpec:
    """`candidates_per_source` 0 means the server's default."""

    disabled: frozenset[Source] = frozenset()
    candidates_per_source: int = 0


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Field for field the contract's SearchProductsRequest; bounds are checked by `engine.pipeline`."""

    query: str
    page_size: int = 0
    page_token: str = ""
    filter: str = ""
    facet_keys: tuple[str, ...] = ()
    order_by: str = ""
    expansion: ExpansionSpec = field(default_factory=ExpansionSpec)
    rerank: RerankSpec = field(default_factory=RerankSpec)
    diversity: DiversitySpec = field(default_factory=DiversitySpec)
    retrieval: RetrievalSpec = field(default_factory=RetrievalSpec)
    explain: bool = False
    understand: bool = True
    skip_cache: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A product in its final place; `rank` counts from 1 over the whole ranking, not the page."""

    product: Product
    rank: int
    score: float
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class ExpandedEntity:
    label: str
    path: str
    weight: float


@dataclass(frozen=True, slots=True)
class ExpansionInfo:
    """What was read in the query and what the graph added."""

    searched_text: str
    corrections: tuple[Correction, ...] = ()
    links: tuple[EntityLink, ...] = ()
    expanded: tuple[ExpandedEntity, ...] = ()


@dataclass(frozen=True, slots=True)
class StageTiming:
    stage: Stage
    seconds: float


@dataclass(frozen=True, slots=True)
class DegradedStage:
    stage: Stage
    detail: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page. `total_size` counts candidates; it is a lower bound unless `total_size_exact`. `cached` when
    nothing was searched for it: the same had been asked before, or at the same time.
    """

    hits: tuple[Hit, ...]
    next_page_token: str
    facets: tuple[Facet, ...]
    total_size: int
    total_size_exact: bool
    expansion_info: ExpansionInfo
    timings: tuple[StageTiming, ...]
    degraded: tuple[DegradedStage, ...]
    generation_id: str
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    query: str
    count: int
