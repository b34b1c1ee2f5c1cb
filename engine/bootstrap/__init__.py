"""The one place that joins settings, a generation, the backends and the stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from engine.backends.event_store import EventStore
from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.knowledge_graph import STORE
from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.live_lexical import LiveLexicalIndex
from engine.backends.product_fields import unfit_attributes
from engine.backends.product_log import ProductLog
from engine.batched import BatchedEncoder, BatchedPairScorer
from engine.bootstrap.parts import Parts, ranking_of
from engine.bootstrap.views import Views
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.events.event_book import EventBook
from engine.generation import DataFolder, Generation
from engine.live.live_generation import LiveGeneration
from engine.live.overlay import Overlay
from engine.live.product_reader import ProductReader
from engine.live.state import LiveState
from engine.pipeline import Pipeline
from engine.request import SearchRequest
from engine.security.shopper_key import SHOPPER_KEY
from engine.serving import Opened, ServingEngine, Showing
from engine.shadow import ShadowedIndex
from engine.stages.retrieve import VectorIndex
from engine.types import ColumnKind, Product
from engine.watch import Watch

UNWATCHED = Watch()
WARM_UP_QUERIES = 16
HANDOVER_SECONDS = 0.0005
"""What it takes to have another thread do something and to wait for it, .1 to .5 ms on virtual machines: a
source that answers sooner is asked in the caller's own thread.
"""


def open_engine(folder: Path, settings: ServeSettings, watch: Watch = UNWATCHED) -> ServingEngine:
    """Open the data folder, one of those in the settings; load and warm its active generation.

    Raises ConfigError without a build, DamagedGenerationError for a damaged file, DimensionMismatchError and
    EncoderMismatchError for vectors that another encoder made.
    """
    data = DataFolder.open(folder)
    engine = ServingEngine(
        data,
        lambda generation: open_generation(generation, settings, watch),
        log=ProductLog(data.live_folder),
        events=_events(data, settings, watch),
        batch_threads=settings.worker_count,
        live_products=settings.live_products,
        min_relevance_ratio=settings.min_relevance_ratio,
        on_move=watch.on_move,
        on_commit=watch.on_commit,
    )
    engine.start(data.open_active(verify=settings.verify))
    engine.events.start()
    return engine


def _events(data: DataFolder, settings: ServeSettings, watch: Watch) -> EventBook:
    return EventBook(
        EventStore(data.live_folder),
        settings.shopper_key_of(data.root) or data.live_folder / SHOPPER_KEY,
        data.manifests,
        days=settings.event_days,
        on_expired=watch.on_expired,
    )


def open_generation(generation: Generation, settings: ServeSettings, watch: Watch = UNWATCHED) -> Opened:
    """Load every part of a generation, join them into a pipeline and warm it with queries of its own. Live
    changes are not in it yet.
    """
    stack = ExitStack()  # closes what was opened last first
    stack.enter_context(generation.in_use())
    parts = Parts.open(generation, settings)
    queries = GraphQueryPool(
        generation.part("graph") / STORE,
        processes=settings.graph_query_processes,
        memory_mib=settings.graph_query_memory,
    )
    stack.callback(queries.close)
    asked = parts.past_queries
    warm_up = [asked.get(row).text for row in range(min(WARM_UP_QUERIES, len(asked)))] or ["warm up"]
    index = _products(parts, settings, watch, stack)
    views = _views(generation, parts, settings, watch, index, queries, warm_up, stack)
    showing = Showing(views.plain())
    _warm_up(showing.view.pipeline, warm_up)
    live = _live(generation, parts, index, views, showing)
    stack.callback(live.close)
    return Opened(generation, showing, live, parts.encoder.device, stack.close)


def _products(parts: Parts, settings: ServeSettings, watch: Watch, stack: ExitStack) -> VectorIndex:
    """The index of the products' vectors, now and then checked in the background."""
    if not settings.recall_checks:
        return parts.products
    shadowed = ShadowedIndex(parts.products, a_minute=settings.recall_checks, on_recall=watch.on_recall)
    return stack.enter_context(closing(shadowed))


def _views(
    generation: Generation,
    parts: Parts,
    settings: ServeSettings,
    watch: Watch,
    index: VectorIndex,
    queries: GraphQueryPool,
    warm_up: Sequence[str],
    stack: ExitStack,
) -> Views:
    ranking = ranking_of(generation, settings)
    executor = None
    if _seconds_of_words(parts.lexical, warm_up, ranking.candidates_per_source) > HANDOVER_SECONDS:
        executor = ThreadPoolExecutor(settings.worker_count, thread_name_prefix="retrieve")
        stack.callback(executor.shutdown, wait=True, cancel_futures=True)
    scorer = BatchedPairScorer(parts.scorer, on_batch=partial(watch.on_batch, "reranker"))
    encoder = BatchedEncoder(parts.encoder, on_batch=partial(watch.on_batch, "encoder"))
    for each in (scorer, encoder):
        stack.callback(each.close)
    return Views(
        generation.id,
        parts,
        ranking,
        settings,
        watch,
        index=index,
        encoder=encoder,
        scorer=scorer,
        executor=executor,
        queries=queries,
    )


def _live(
    generation: Generation, parts: Parts, index: VectorIndex, views: Views, showing: Showing
) -> LiveGeneration:
    """What takes changes; it costs next to nothing until the first comes."""
    state = LiveState(
        parts.catalog,
        index,
        open_words=lambda: LiveLexicalIndex.open(generation.part("lexical")),
        read=ProductReader(parts.graph, views.linker),
    )

    def show(overlay: Overlay) -> None:
        showing.view = views.over(overlay, state.words, state.hanging)

    return LiveGeneration(
        state,
        generation_id=generation.id,
        fingerprint=parts.fingerprint,
        encode=parts.encoder.encode_products,
        publish=show,
        warnings=lambda product: _warnings(product, parts.catalog.columns.kinds),
    )


def _warnings(product: Product, kinds: Mapping[str, ColumnKind]) -> tuple[str, ...]:
    return tuple(
        f"attributes.{key} is of another type than in the catalogue, so that filters and facets leave it out."
        for key in unfit_attributes(product, kinds)
    )


def _warm_up(pipeline: Pipeline, queries: Sequence[str]) -> None:
    """First calls are slow (memory is mapped, caches are cold, costs are guesses): pay before shoppers do."""
    for query in queries:
        pipeline.search(SearchRequest(query, skip_cache=True), Deadline.none())


def _seconds_of_words(lexical: TantivyLexicalIndex, queries: Sequence[str], limit: int) -> float:
    """The median of what a search for words takes when it is warm."""

    def seconds(query: str) -> float:
        start = perf_counter()
        lexical.search(query, limit)
        return perf_counter() - start

    return median([seconds(query) for query in (*queries, *queries)][len(queries) :])
