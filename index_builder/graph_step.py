"""The graph part of a build: from settings and what was read to a finished graph folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from engine.backends.encoder import DualEncoder
from engine.backends.graph_tables import GraphTables
from engine.backends.knowledge_graph import OxigraphKnowledgeGraph
from engine.stages.expand import Expand
from engine.stages.link import EntityLinker
from engine.stages.understand import Understand
from engine.types import FloatArray, Product
from index_builder.config import BuildSettings
from index_builder.embed import embed_queries
from index_builder.graph.compose import ComposedQuery
from index_builder.graph.load import GraphReport, build_graph
from index_builder.graph.materials import Materials
from index_builder.graph.relation_weights import composed_lessons, fit_relation_weights, judged_lessons
from index_builder.graph.revise import Previous
from index_builder.graph.text.span import Span
from index_builder.graph.text.tagger import Tagger
from index_builder.graph.text.titles import Title
from index_builder.judgements import Judgements
from index_builder.knowledge import Knowledge, read_baskets
from index_builder.live_catalogue import SOURCES
from index_builder.progress import Progress

TAGGER = "tagger"


@dataclass(slots=True)
class GraphStep:
    """Writes into `folder`. `body` is the transformer that the tagger starts from, `cache` keeps embeddings;
    `about` gathers what the manifest shall tell.
    """

    settings: BuildSettings
    folder: Path
    body: Path
    cache: Path
    threads: int
    progress: Progress
    about: dict[str, dict[str, Any]] = field(default_factory=dict)

    def build(
        self,
        products: Sequence[Product],
        vectors: FloatArray,
        encoder: DualEncoder,
        knowledge: Knowledge,
    ) -> GraphReport:
        """`vectors` float32 (n, dimension), row i of product i, from `encoder`. Raises DataError for orders
        that cannot be used.
        """
        previous = knowledge.previous
        models = self.settings.graph_models
        report = build_graph(
            products,
            self.folder,
            Materials(
                sources=[path.name for path in self.settings.catalog] or SOURCES,
                ontologies=knowledge.ontologies,
                orders=read_baskets(self.settings, products, knowledge.events),
                same_as=knowledge.same_as,
                vectors=vectors,
                embed=lambda texts: embed_queries(texts, encoder, cache=self.cache),
                tagger=partial(self._tagger, previous) if models else None,
                previous=previous,
                embedding=models,
                seed=self.settings.seed,
                step=self.progress.step,
            ),
        )
        self.about["graph"] = {str(kind): count for kind, count in report.entities.items()}
        return report

    def weigh_relations(
        self,
        products: Sequence[Product],
        tables: GraphTables,
        composed: Sequence[ComposedQuery],
        training: Judgements | None,
    ) -> None:
        """Learn from judged queries or, without them, from those composed from the graph."""
        with self.progress.step("weigh relations") as advance:
            if training is None:
                source = "composed queries"
                lessons = composed_lessons(composed, tables, seed=self.settings.seed)
            else:
                source = "judgements"
                rows = {str(product.id): row for row, product in enumerate(products)}
                lessons = judged_lessons(training, rows, len(products))
            graph = OxigraphKnowledgeGraph.open(self.folder)
            understand = Understand(EntityLinker(graph.labels(), graph.words, graph))
            learned = fit_relation_weights(lessons, understand, Expand(graph, graph.words), source)
            learned.write(self.folder)
            advance(len(lessons), len(lessons))

    def _tagger(
        self, previous: Previous | None, titles: Sequence[Title], spans: Sequence[Sequence[Span]]
    ) -> Tagger:
        """An update reads with the tagger that it finds; another build trains its own."""
        folder = self.folder / TAGGER
        if previous is not None and (previous.quads.parent / TAGGER).is_dir():
            shutil.copytree(previous.quads.parent / TAGGER, folder)
            return Tagger.open(folder, threads=self.threads)
        from index_builder.graph.text.tagger_train import TaggerPlan, train_tagger

        with self.progress.step("graph: train tagger") as advance:
            tagger, report = train_tagger(
                titles,
                spans,
                base=self.body,
                out=folder,
                base_model=self.settings.base_model,
                plan=TaggerPlan(seed=self.settings.seed),
            )
            advance(report.titles, report.titles)
        self.about["tagger"] = asdict(report)
        return tagger
