"""The parts of a generation, opened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from engine.backends.catalog import Catalog
from engine.backends.cross_encoder import CrossEncoder, open_cross_encoder
from engine.backends.encoder import DualEncoder, open_encoder
from engine.backends.fusion_weights import PART_FOLDER, FusionWeights
from engine.backends.graph_reader import GraphReader
from engine.backends.knowledge_graph import OxigraphKnowledgeGraph
from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.model_files import ModelSpec
from engine.backends.past_queries import VECTORS_FOLDER, PastQueryStore
from engine.backends.relation_weights import RelationWeights
from engine.backends.vector_index import FaissVectorIndex
from engine.config import ServeSettings
from engine.generation import Generation
from engine.plan import WEIGHT_OF_PART, RankingSettings
from engine.stages.compare import KIND
from engine.stages.cosine_scale import CosineScale

READS_CHINESE_FROM = 0.5
"""Accuracy of the builder's probe (see index_builder.train.probe) from which an encoder is given Chinese."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a generation holds, opened. `fingerprint` is of its encoder."""

    fingerprint: str
    encoder: DualEncoder
    products: FaissVectorIndex
    scorer: CrossEncoder
    catalog: Catalog
    past_queries: PastQueryStore
    asked: FaissVectorIndex
    graph: OxigraphKnowledgeGraph
    statements: GraphReader
    relations: Mapping[str, float]
    lexical: TantivyLexicalIndex
    reads_chinese: bool
    cosine_scale: CosineScale

    @classmethod
    def open(cls, generation: Generation, settings: ServeSettings) -> Parts:
        device, threads = settings.device, settings.threads or os.cpu_count() or 1
        encoder = open_encoder(generation.part("encoder"), device=device, threads=threads)
        products = FaissVectorIndex.open(generation.part("vectors"), device=device, threads=threads)
        queries = generation.part("queries")
        asked = FaissVectorIndex.open(queries / VECTORS_FOLDER, device=device, threads=threads)
        graph = OxigraphKnowledgeGraph.open(generation.part("graph"))
        fingerprint = ModelSpec.read(generation.part("encoder")).fingerprint
        for index in (products, asked):
            index.layout.check_encoder(encoder.dimension, fingerprint)
        return cls(
            fingerprint=fingerprint,
            encoder=encoder,
            products=products,
            scorer=open_cross_encoder(generation.part("reranker"), device=device, threads=threads),
            catalog=Catalog.open(generation.part("catalog")),
            past_queries=PastQueryStore.open(queries),
            asked=asked,
            graph=graph,
            statements=GraphReader.open(graph, generation.part("graph")),
            relations=RelationWeights.open(generation.part("graph")).by_name,
            lexical=TantivyLexicalIndex.open(generation.part("lexical")),
            reads_chinese=_reads_chinese(generation),
            cosine_scale=_cosine_scale(generation),
        )


def ranking_of(generation: Generation, settings: ServeSettings) -> RankingSettings:
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
