"""Joins the parts of a generation, and the live changes over it, into what answers calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from engine.backends.layered_columns import LayeredColumns
from engine.backends.live_columns import LiveColumns
from engine.batched import BatchedEncoder, BatchedPairScorer
from engine.bootstrap.parts import Parts
from engine.browsing.browser import GraphBrowser, GraphQueries
from engine.browsing.layered import LayeredSource
from engine.browsing.live_statements import LiveStatements
from engine.browsing.source import GraphSource
from engine.cached_search import CachedSearch, Search
from engine.caching import Cache
from engine.config import ServeSettings
from engine.live.graph import Hanging, LayeredGraph
from engine.live.overlay import LayeredCatalog, Overlay
from engine.live.past_queries import LayeredPastQueries
from engine.live.suggestions import LiveNames
from engine.live.vectors import LayeredVectors
from engine.pipeline import Pipeline, Stages
from engine.plan import RankingSettings
from engine.serving import View
from engine.slow_search import SlowSearchLog
from engine.stages.columns import Columns
from engine.stages.compare import Compare
from engine.stages.diversify import Diversify
from engine.stages.expand import Expand
from engine.stages.gather import Gather
from engine.stages.graph import KnowledgeGraph
from engine.stages.link import EntityLinker
from engine.stages.phrase import Phrase
from engine.stages.popularity import popularity
from engine.stages.rerank import Rerank
from engine.stages.retrieve import LexicalIndex, PastQueries, VectorIndex
from engine.stages.understand import Understand
from engine.stages.vote import PastQueryVotes
from engine.text import cjk_characters
from engine.trace import Costs
from engine.types import FloatArray, Mask, Product, ProductId, RowArray
from engine.vector_search import VectorSearch
from engine.watch import Watch


class _Catalog(Protocol):
    def row_of(self, product_id: str) -> int | None: ...

    def products(self, rows: Sequence[int] | RowArray) -> list[Product]: ...

    def texts(self, rows: Sequence[int] | RowArray) -> list[str]: ...

    def ids(self, rows: Sequence[int] | RowArray) -> list[ProductId]: ...


@dataclass(frozen=True, slots=True)
class _Shop:
    """All that knows products by row. Rows that are not `alive` are found by no source; None says all are.
    `changes` are what live ones say in the graph, None while there are none.
    """

    catalog: _Catalog
    columns: Columns
    vectors: VectorIndex
    words: LexicalIndex
    graph: KnowledgeGraph
    past_queries: PastQueries
    brands: Callable[[RowArray], Sequence[str]]
    statements: GraphSource
    alive: Mask | None = None
    changes: LiveStatements | None = None


class Views:
    """Of one opened generation: what all its views share."""

    def __init__(
        self,
        generation_id: str,
        parts: Parts,
        ranking: RankingSettings,
        settings: ServeSettings,
        watch: Watch,
        *,
        index: VectorIndex,
        encoder: BatchedEncoder,
        scorer: BatchedPairScorer,
        executor: Executor | None,
        queries: GraphQueries,
    ) -> None:
        """`index` is that of the products, maybe watched."""
        self._generation_id = generation_id
        self._parts = parts
        self._ranking = ranking
        self._settings = settings
        self._watch = watch
        self._index = index
        self._encoder, self._scorer, self._executor = encoder, scorer, executor
        self._queries = queries
        self._names = LiveNames(len(index))
        graph = parts.graph
        self.linker = EntityLinker(graph.labels(), graph.words, graph)
        self.understand = Understand(self.linker)
        self._chinese = cjk_characters("".join(graph.words))
        self._priors = popularity(parts.past_queries, len(index)) if ranking.prior else None
        self._costs = Costs()
        self._embeddings = Cache[str, FloatArray](
            settings.cached_embeddings, on_lookup=partial(watch.on_lookup, "embeddings")
        )

    def plain(self) -> View:
        """Of the generation as it was built."""
        parts = self._parts
        catalog = parts.catalog
        shop = _Shop(
            catalog,
            catalog.columns,
            self._index,
            parts.lexical,
            parts.graph,
            parts.past_queries,
            catalog.brands,
            parts.statements,
        )
        return self._view(shop, self._priors)

    def over(self, overlay: Overlay, words: LexicalIndex | None, hanging: Hanging) -> View:
        """With live changes; `words` None says that they brought none."""
        parts, columns = self._parts, self._columns(overlay)
        brand = columns.field("brand")
        changes = LiveStatements(overlay, hanging)
        shop = _Shop(
            catalog=LayeredCatalog(parts.catalog, overlay),
            columns=columns,
            vectors=LayeredVectors(self._index, overlay.vectors),
            words=parts.lexical if words is None else words,
            graph=LayeredGraph(parts.graph, hanging, overlay.base, overlay.size),
            past_queries=LayeredPastQueries(parts.past_queries, overlay, self._names),
            brands=brand.first_labels if brand else lambda rows: [""] * len(rows),
            statements=LayeredSource(parts.statements, changes),
            alive=None if overlay.alive.all() else overlay.alive,
            changes=changes,
        )
        return self._view(shop, self._priors_over(overlay))

    def _columns(self, overlay: Overlay) -> LayeredColumns:
        rows = np.array(sorted(overlay.entries), np.int64)
        products = [overlay.entries[row].product for row in rows.tolist()]
        base = self._parts.catalog.columns
        return LayeredColumns(base, LiveColumns(products, base.kinds), rows, overlay.size)

    def _priors_over(self, overlay: Overlay) -> FloatArray | None:
        """A product that has got a slot is as popular as it was."""
        if self._priors is None:
            return None
        priors = np.concatenate([self._priors, np.zeros(overlay.slots, np.float32)])
        for row, now in overlay.moves.items():
            if now >= 0:
                priors[now] = self._priors[row]
        return priors

    def _view(self, shop: _Shop, priors: FloatArray | None) -> View:
        pipeline = Pipeline(
            self._generation_id,
            self._stages(shop, priors),
            self._ranking,
            costs=self._costs,
            embeddings=self._embeddings,
        )
        return View(
            pipeline,
            self._search(pipeline),
            VectorSearch(
                self._generation_id,
                shop.vectors,
                shop.columns,
                shop.catalog.products,
                shop.catalog.ids,
                shop.alive,
            ),
            shop.catalog,
            shop.past_queries,
            GraphBrowser(
                self._generation_id,
                shop.statements,
                shop.catalog,
                self.understand,
                self._queries,
                shop.changes,
            ),
        )

    def _search(self, pipeline: Pipeline) -> Search:
        settings, on_lookup = self._settings, partial(self._watch.on_lookup, "results")
        search = CachedSearch.over(pipeline.search, settings.cached_results, on_lookup)
        if not settings.slow_search_ms:
            return search
        return SlowSearchLog(
            search,
            settings.slow_search_ms / 1_000,
            words=settings.tells_words,
            on_slow=self._watch.on_slow_search,
        )

    def _stages(self, shop: _Shop, priors: FloatArray | None) -> Stages:
        parts, ranking = self._parts, self._ranking
        return Stages(
            understand=self.understand,
            expand=Expand(shop.graph, parts.graph.words, relations=parts.relations, chinese=self._chinese),
            phrase=Phrase(parts.reads_chinese),
            encoder=self._encoder,
            gather=Gather(
                lexical=shop.words,
                products=shop.vectors,
                past_queries=PastQueryVotes(parts.asked, shop.past_queries),
                executor=self._executor,
            ),
            compare=Compare(shop.vectors, shop.words, ranking.comparison, priors, parts.cosine_scale),
            rerank=Rerank(self._scorer, shop.catalog.texts, ranking.rerank),
            diversify=Diversify(shop.vectors.vectors, shop.brands),
            columns=shop.columns,
            products=shop.catalog.products,
            alive=shop.alive,
        )
