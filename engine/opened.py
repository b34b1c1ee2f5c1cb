"""A generation that can answer calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.browsing.browser import GraphBrowser
from engine.cached_search import Search
from engine.generation import Generation
from engine.live.live_generation import LiveGeneration
from engine.pipeline import Pipeline
from engine.stages.retrieve import PastQueries
from engine.types import Product
from engine.vector_search import VectorSearch


class ProductStore(Protocol):
    """Products of one generation by row and by id."""

    def row_of(self, product_id: str) -> int | None: ...

    def products(self, rows: Sequence[int]) -> list[Product]: ...


@dataclass(frozen=True, slots=True)
class View:
    """One state of a generation and its live changes. A call is answered from one view, whatever is changed
    meanwhile.
    """

    pipeline: Pipeline
    search: Search
    vectors: VectorSearch
    catalog: ProductStore
    past_queries: PastQueries
    browser: GraphBrowser


@dataclass(slots=True)
class Showing:
    """The view that calls see when they begin."""

    view: View


@dataclass(frozen=True, slots=True)
class Opened:
    """A generation with everything loaded and warm; `close` frees it, when no call uses it any more."""

    generation: Generation
    showing: Showing
    live: LiveGeneration
    device: str
    close: Callable[[], None]

    @property
    def view(self) -> View:
        return self.showing.view

    @property
    def pipeline(self) -> Pipeline:
        return self.view.pipeline
