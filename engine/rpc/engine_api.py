"""What the gRPC layer needs of the engine. Every method may be called from many threads at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.change_feed import Followed
from engine.deadline import Deadline
from engine.graph_values import (
    DescribeRequest,
    Description,
    GraphAnswer,
    GraphQuery,
    LinkedText,
    NeighbourPage,
    NeighboursRequest,
)
from engine.live.changes import ChangeRequest, ChangeResult
from engine.request import SearchRequest, SearchResult, Suggestion
from engine.shopper_events import EventOutcome, ForgottenShopper, ShopperEvent
from engine.types import GenerationInfo, LiveStatus, Product, ServingStatus
from engine.vector_search import VectorRequest, VectorResult


class EventBook(Protocol):
    """See `engine.events`."""

    def record(self, events: Sequence[ShopperEvent], deadline: Deadline) -> list[EventOutcome]:
        """In the order of the events; those that were taken are durable."""
        ...

    def forget(self, shopper_id: str) -> ForgottenShopper: ...


class SearchEngine(Followed, Protocol):
    """All methods raise EngineError for what a caller or an operator can put right."""

    @property
    def events(self) -> EventBook:
        """Of no generation: the same whichever serves."""
        ...

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult: ...

    def search_batch(self, requests: Sequence[SearchRequest], deadline: Deadline) -> list[SearchResult]:
        """In the order of the requests, all from one generation. An InvalidArgumentError names the place of
        the wrong request in its field, as in "requests[3].filter".
        """
        ...

    def search_by_vector(self, request: VectorRequest, deadline: Deadline) -> VectorResult: ...

    def suggest(self, prefix: str, limit: int) -> tuple[tuple[Suggestion, ...], str]:
        """At most `limit` suggestions, the most asked first, and the id of the generation that answered."""
        ...

    def products(self, ids: Sequence[str]) -> tuple[list[Product], str]:
        """In the order of the ids, and the id of the generation. NotFoundError for the first unknown id."""
        ...

    def change_products(self, request: ChangeRequest, deadline: Deadline) -> ChangeResult:
        """Durable and seen by searches when this returns."""
        ...

    def describe_entity(self, request: DescribeRequest) -> Description:
        """NotFoundError for an unknown node or name."""
        ...

    def list_neighbours(self, request: NeighboursRequest) -> NeighbourPage: ...

    def link_entities(self, text: str) -> LinkedText:
        """The entities that a text names, as a search would read it."""
        ...

    def query_graph(self, query: GraphQuery, deadline: Deadline) -> GraphAnswer:
        """Of a SPARQL query that reads; stopped when the time is up."""
        ...

    def generations(self) -> tuple[GenerationInfo, ...]:
        """The newest first."""
        ...

    def activate(self, generation_id: str, *, force: bool = False) -> GenerationInfo:
        """`force` passes the relevance gate."""
        ...

    def roll_back(self) -> GenerationInfo: ...

    def status(self) -> ServingStatus: ...

    def live_status(self) -> LiveStatus: ...

    def close(self) -> None:
        """Free everything; called once, when no call is being answered."""
        ...
