"""The one place that joins settings, a generation, the backends and the stages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter

from engine.backends.catalog import Catalog
from engine.backends.cross_encoder import CrossEncoder, open_cross_encoder
from engine.backends.encoder import DualEncoder, open_encoder
from engine.backends.fusion_weights import PART_FOLDER, FusionWeights
from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.graph_reader import GraphReader
from engine.backends.knowledge_graph import STORE, OxigraphKnowledgeGraph
from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.model_files import ModelSpec
from engine.backends.past_queries import VECTORS_FOLDER, PastQueryStore
from engine.backends.relation_weights import RelationWeights
from engine.backends.vector_index import FaissVectorIndex
from engine.batched import BatchedEncoder, BatchedPairScorer
from engine.browsing.browser import GraphBrowser
from engine.cached_search import CachedSearch
from engine.caching import Cache
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.generation import DataFolder, Generation
from engine.pipeline import Pipeline, Stages
from engine.plan import WEIGHT_OF_PART, RankingSettings
from engine.request import SearchRequest
from engine.serving import Opened, ServingEngine
from engine.shadow import ShadowedIndex
from engine.stages.compare import KIND, Compare
from engine.stages.cosine_scale import CosineScale
from engine.stages.diversify import Diversify
from engine.stages.expand import Expand
from engine.stages.gather import Gather
from engine.stages.link import EntityLinker
from engine.stages.phrase import Phrase
from engine.stages.popularity import popularity
from engine.stages.rerank import Rerank
from engine.stages.retrieve import VectorIndex
from engine.stages.understand import Understand
from engine.stages.vote import PastQueryVotes
from engine.types import FloatArray
from engine.vector_search import VectorSearch
from engine.watch import Watch

UNWATCHED = Watch()
WARM_UP_QUERIES = 16
HANDOVER_SECONDS = 0.0005
"""What it takes to have another thread do something and to wait for it, .1 to .5 ms on virtual machines: a
source that answers sooner is asked in the caller's own thread.
"""
READS_CHINESE_FROM = 0.5
"""Accuracy of the builder's probe (see index_builder.train.probe) from which an encoder is given Chinese."""


def open_engine(settings: ServeSettings, watch: Watch = UNWATCHED) -> ServingEngine:
    """Open the data folder, load and warm its active generation.

    Raises ConfigError without a build, DamagedGenerationError for a damaged file, DimensionMismatchError and
    EncoderMismatchError for vectors that another encoder made.
    """
    data = DataFolder.open(settings.data)
    engine = ServingEngine(
        data,
        lambda generation: open_generation(generation, settings, watch),
        batch_threads=settings.worker_count,
        on_move=watch.on_move,
    )
    engine.start(data.open_active(verify=settings.verify))
    return engine


def open_generation(generation: Generation, settings: ServeSettings, watch: Watch = UNWATCHED) -> Opened:
    """Load every part of a generation, join them into a pipeline and warm it with queries of its own."""
    parts = _Parts.open(generation, settings)
    ranking = _ranking(generation, settings)
    asked = parts.past_queries
    warm_up = [asked.get(row).text for row in range(min(WARM_UP_QUERIES, len(asked)))] or ["warm up"]
    stack = ExitStack()  # closes what was opened last first
    executor = None
    if _seconds_of_words(parts.lexical, warm_up, ranking.candidates_per_source) > HANDOVER_SECONDS:
        executor = ThreadPoolExecutor(settings.worker_count, thread_name_prefix="retrieve")
        stack.callback(executor.shutdown, wait=True, cancel_futures=True)
    index: VectorIndex = parts.products
    if settings.recall_checks:
        index = stack.enter_context(
            closing(ShadowedIndex(parts.products, a_minute=settings.recall_checks, on_recall=watch.on_recall))
        )
    scorer = BatchedPairScorer(parts.scorer, on_batch=partial(watch.on_batch, "reranker"))
    encoder = BatchedEncoder(parts.encoder, on_batch=partial(watch.on_batch, "encoder"))
    queries = GraphQueryPool(
        generation.part("graph") / STORE,
        processes=settings.graph_query_processes,
        memory_mib=settings.graph_query_memory,
    )
    for each in (scorer, encoder, queries):
        stack.callback(each.close)
    stages = _join(parts, encoder, scorer, executor, ranking, index)
    reader = GraphReader.open(parts.graph, generation.part("graph"))
    browser = GraphBrowser(generation.id, reader, parts.catalog, stages.understand, queries)
    embeddings = Cache[str, FloatArray](
        settings.cached_embeddings, on_lookup=partial(watch.on_lookup, "embeddings")
    )
    pipeline = Pipeline(generation.id, stages, ranking, embeddings=embeddings)
    _warm_up(pipeline, warm_up)
    return Opened(
        generation,
        pipeline,
        CachedSearch.over(pipeline.search, settings.cached_results, partial(watch.on_lookup, "results")),
        VectorSearch(generation.id, index, stages.columns, parts.catalog.products, parts.catalog.ids),
        parts.catalog,
        asked,
        browser,
        parts.encoder.device,
        stack.close,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a generation holds, opened."""

    encoder: DualEncoder
    products: FaissVectorIndex
    scorer: CrossEncoder
    catalog: Catalog
    past_queries: PastQueryStore
    asked: FaissVectorIndex
    graph: OxigraphKnowledgeGraph
    relations: Mapping[str, float]
    lexical: TantivyLexicalIndex
    reads_chinese: bool
    cosine_scale: CosineScale

    @classmethod
    def open(cls, generation: Generation, settings: ServeSettings) -> _Parts:
        device, threads = settings.device, settings.threads or os.cpu_count() or 1
        encoder = open_encoder(generation.part("encoder"), device=device, threads=threads)
        products = FaissVectorIndex.open(generation.part("vectors"), device=device, threads=threads)
        queries = generation.part("queries")
        asked = FaissVectorIndex.open(queries / VECTORS_FOLDER, device=device, threads=threads)
        fingerprint = ModelSpec.read(generation.part("encoder")).fingerprint
        for index in (products, asked):
            index.layout.check_encoder(encoder.dimension, fingerprint)
        return cls(
            encoder=encoder,
            products=products,
            scorer=open_cross_encoder(generation.part("reranker"), device=device, threads=threads),
            catalog=Catalog.open(generation.part("catalog")),
            past_queries=PastQueryStore.open(queries),
            asked=asked,
            graph=OxigraphKnowledgeGraph.open(generation.part("graph")),
            relations=RelationWeights.open(generation.part("graph")).by_name,
            lexical=TantivyLexicalIndex.open(generation.part("lexical")),
            reads_chinese=_reads_chinese(generation),
            cosine_scale=_cosine_scale(generation),
        )


def _join(
    parts: _Parts,
    encoder: BatchedEncoder,
    scorer: BatchedPairScorer,
    executor: ThreadPoolExecutor | None,
    ranking: RankingSettings,
    products: VectorIndex,
) -> Stages:
    graph, catalog = parts.graph, parts.catalog
    return Stages(
        understand=Understand(EntityLinker(graph.labels(), graph.words, graph)),
        expand=Expand(graph, graph.words, relations=parts.relations),
        phrase=Phrase(parts.reads_chinese),
        encoder=encoder,
        gather=Gather(
            lexical=parts.lexical,
            products=products,
            past_queries=PastQueryVotes(parts.asked, parts.past_queries),
            executor=executor,
        ),
        compare=Compare(
            products,
            parts.lexical,
            ranking.comparison,
            popularity(parts.past_queries, len(products)) if ranking.prior else None,
            parts.cosine_scale,
        ),
        rerank=Rerank(scorer, catalog.texts, ranking.rerank),
        diversify=Diversify(products.vectors, catalog.brands),
        columns=catalog.columns,
        products=catalog.products,
    )


def _ranking(generation: Generation, settings: ServeSettings) -> RankingSettings:
    """The weights set by hand, or those that the generation learned; a weight that the user gave wins."""
    by_hand = RankingSettings(
        candidates_per_source=settings.candidates_per_source,
        rerank_depth=settings.rerank_depth,
        kind=settings.kind_weight,
    )
    fusion = FusionWeights.open(generation.part(PART_FOLDER), WEIGHT_OF_PART)
    if fusion is None or not fusion.learned:
        return by_hand
    given = {KIND} if "kind_weight" in settings.model_fields_set else set()
    return by_hand.weighing({part: value for part, value in fusion.weights.items() if part not in given})


def _reads_chinese(generation: Generation) -> bool:
    accuracy = generation.manifest.parts["encoder"].get("chinese_accuracy", 1.0)
    return bool(accuracy >= READS_CHINESE_FROM)


def _cosine_scale(generation: Generation) -> CosineScale:
    """Generations from before it was measured have the scale that weights were set for."""
    measured = generation.manifest.parts["encoder"].get("cosines")
    return CosineScale(**measured) if measured else CosineScale()


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
