"""A small real engine over a list of products: words of the query against words of the title."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from engine.browsing.browser import GraphBrowser
from engine.deadline import Deadline
from engine.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    NotServingError,
    RelevanceGateError,
)
from engine.events.event_book import EventBook
from engine.graph_values import (
    DescribeRequest,
    Description,
    GraphAnswer,
    GraphQuery,
    LinkedText,
    NeighbourPage,
    NeighboursRequest,
)
from engine.live.changes import (
    ChangeOutcome,
    ChangeRequest,
    ChangeResult,
    ProductChange,
    ProductPatch,
    ProductUpsert,
)
from engine.plan import checked_query
from engine.request import (
    DEFAULT_PAGE_SIZE,
    DegradedStage,
    ExpandedEntity,
    ExpansionInfo,
    Explanation,
    Hit,
    ScorePart,
    SearchRequest,
    SearchResult,
    Stage,
    StageTiming,
    Suggestion,
)
from engine.stages.facets import Facet, FacetRange, FacetValue
from engine.stages.understand import Correction
from engine.types import (
    Availability,
    Entity,
    EntityKind,
    EntityLink,
    GenerationInfo,
    LiveStatus,
    Money,
    Product,
    ProductId,
    ServingStatus,
)
from engine.vector_search import VectorRequest, VectorResult
from tests.rpc.fake_events import FakeEvents
from tests.rpc.fake_feed import FakeFeed

CARTRIDGE = Product(
    id=ProductId("c-1"),
    title="Black ink cartridge",
    brand="Tinto",
    description="Prints 400 pages.",
    category=("Office", "Ink"),
    price=Money("EUR", Decimal("19.99")),
    availability=Availability.IN_STOCK,
    image_uri="https://shop.example/c-1.jpg",
    released=date(2024, 5, 17),
    attributes={"color": "black", "pages": 400.0, "original": True, "fits": ("P100", "P200")},
)
CHAIR = Product(id=ProductId("g-1"), title="Garden chair", brand="Oak & Co")
OLD = GenerationInfo("g-old", datetime(2026, 1, 1, tzinfo=UTC), False, 2, 1, 9, 8, 0.97, {})
NEW = GenerationInfo("g-new", datetime(2026, 2, 1, tzinfo=UTC), True, 2, 1, 9, 8, 0.98, {"ndcg@10": 0.8}, 12)
SINCE = datetime(2026, 2, 2, 12, tzinfo=UTC)

Before = Callable[[SearchRequest, Deadline], None]


def _nothing(_request: SearchRequest, _deadline: Deadline) -> None:
    return


@dataclass
class FakeEngine:
    """`before` runs at the start of every search, in its thread; it may wait or raise. Questions to the graph
    go to `browser`.
    """

    before: Before = _nothing
    catalog: tuple[Product, ...] = (CARTRIDGE, CHAIR)
    infos: tuple[GenerationInfo, ...] = (NEW, OLD)
    previous: list[str] = field(default_factory=lambda: ["g-old"])
    asked: list[tuple[SearchRequest, Deadline]] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    browser: GraphBrowser | None = None
    gated: bool = False
    changed: dict[str, ChangeResult] = field(default_factory=dict)
    feed: FakeFeed = field(default_factory=FakeFeed)
    events: FakeEvents | EventBook = field(default_factory=FakeEvents)

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        self.asked.append((request, deadline))
        self.before(request, deadline)
        if "(" in request.filter:
            raise InvalidArgumentError("filter", "filter has an open parenthesis.")
        words = request.query.lower().split()
        found = [product for product in self.catalog if any(w in product.title.lower() for w in words)]
        return SearchResult(
            hits=tuple(
                Hit(product, rank, 1 / rank, _explanation(1 / rank) if request.explain else None)
                for rank, product in enumerate(found[: request.page_size or DEFAULT_PAGE_SIZE], start=1)
            ),
            next_page_token="",
            facets=tuple(
                Facet(key, (FacetValue("Tinto", 1),), (FacetRange(1.0, 20.0, 1),), missing_count=1)
                for key in request.facet_keys
            ),
            total_size=len(found),
            total_size_exact=True,
            expansion_info=_info(request.query),
            timings=(StageTiming(Stage.RETRIEVE, 0.0025), StageTiming(Stage.RERANK, 1.25)),
            degraded=(DegradedStage(Stage.RERANK, "Reranking was skipped."),),
            generation_id=self.status().generation.id,
        )

    def search_batch(self, requests: Sequence[SearchRequest], deadline: Deadline) -> list[SearchResult]:
        found = []
        for place, request in enumerate(requests):
            try:
                found.append(self.search(request, deadline))
            except InvalidArgumentError as error:
                error.field = error.metadata["field"] = f"requests[{place}].{error.field}"
                raise
        return found

    def search_by_vector(self, request: VectorRequest, deadline: Deadline) -> VectorResult:
        found = self.catalog[: request.page_size or DEFAULT_PAGE_SIZE]
        return VectorResult(
            tuple(
                Hit(product, rank, float(request.vector[0])) for rank, product in enumerate(found, start=1)
            ),
            self.status().generation.id,
        )

    def suggest(self, prefix: str, limit: int) -> tuple[tuple[Suggestion, ...], str]:
        known = [Suggestion("black cartridge", 12), Suggestion("black chair", 3), Suggestion("chair", 9)]
        return tuple(s for s in known if s.query.startswith(prefix))[:limit], self.status().generation.id

    def products(self, ids: Sequence[str]) -> tuple[list[Product], str]:
        by_id = {str(product.id): product for product in self.catalog}
        for product_id in ids:
            if product_id not in by_id:
                raise NotFoundError("product", product_id)
        return [by_id[product_id] for product_id in ids], self.status().generation.id

    def change_products(self, request: ChangeRequest, deadline: Deadline) -> ChangeResult:
        """Upserts are taken, patches change titles; a second deletion of a product finds none."""
        deadline.check()
        known = self.changed.get(request.request_id)
        if known is not None:
            return replace(known, repeated=True)
        outcomes = tuple(self._change(change) for change in request.changes)
        result = ChangeResult(outcomes, self.feed.sequence, self.status().generation.id)
        if request.request_id:
            self.changed[request.request_id] = result
        return result

    def _change(self, change: ProductChange) -> ChangeOutcome:
        before = next((each for each in self.catalog if each.id == change.product_id), None)
        if before is None and not isinstance(change, ProductUpsert):
            error = NotFoundError("product", change.product_id)
            return ChangeOutcome(change.product_id, 0, error.reason, "", error.message)
        others = tuple(each for each in self.catalog if each.id != change.product_id)
        after: tuple[Product, ...] = ()
        if isinstance(change, ProductUpsert):
            after = (change.product,)
        elif isinstance(change, ProductPatch):
            after = (change.applied_to(before),)
        self.catalog = others + after
        self.feed.log(change.product_id, after[0] if after else None)
        return ChangeOutcome(change.product_id, self.feed.sequence, warnings=("Nothing.",) if before else ())

    def describe_entity(self, request: DescribeRequest) -> Description:
        return self._graph().describe(request)

    def list_neighbours(self, request: NeighboursRequest) -> NeighbourPage:
        return self._graph().neighbours(request)

    def link_entities(self, text: str) -> LinkedText:
        return self._graph().link(checked_query(text, "text"))

    def query_graph(self, query: GraphQuery, deadline: Deadline) -> GraphAnswer:
        return self._graph().query(query, deadline)

    def _graph(self) -> GraphBrowser:
        if self.browser is None:
            raise FailedPreconditionError("This engine has no graph.")
        return self.browser

    def generations(self) -> tuple[GenerationInfo, ...]:
        return self.infos

    def activate(self, generation_id: str, *, force: bool = False) -> GenerationInfo:
        """A `gated` one takes none without force."""
        if self.gated and not force:
            raise RelevanceGateError(generation_id, "has ndcg@10 0.4000", value="0.4000")
        if generation_id not in {info.id for info in self.infos}:
            raise NotFoundError("generation", generation_id)
        self.previous.append(self.status().generation.id)
        self.infos = tuple(replace(info, active=info.id == generation_id) for info in self.infos)
        return self.status().generation

    def roll_back(self) -> GenerationInfo:
        if not self.previous:
            raise FailedPreconditionError("There is no earlier generation to roll back to.")
        target = self.previous.pop()
        self.infos = tuple(replace(info, active=info.id == target) for info in self.infos)
        return self.status().generation

    def status(self) -> ServingStatus:
        if self.closed.is_set():
            raise NotServingError("The engine is closed.")
        return ServingStatus(next(info for info in self.infos if info.active), SINCE, "cpu")

    def live_status(self) -> LiveStatus:
        return LiveStatus(self.feed.sequence, slots=3, most_slots=10, log_bytes=4_096)

    def close(self) -> None:
        self.closed.set()


def _explanation(score: float) -> Explanation:
    return Explanation(
        parts=(ScorePart("lexical", score - 0.25, 1, 7.5), ScorePart("rerank", 0.25, 2, 0.9)),
        graph_paths=('"black" -> color Black <- product',),
        past_queries=("black ink",),
    )


def _info(query: str) -> ExpansionInfo:
    black = Entity("urn:color:black", EntityKind.COLOR, "Black", "color", 1)
    return ExpansionInfo(
        searched_text=query.lower(),
        corrections=(Correction("blakc", "black"),),
        links=(EntityLink(black, 0, 1, "black", 0.9),),
        expanded=(ExpandedEntity("Noir", '"black" -> color Black -> Noir', 0.5),),
    )
