"""A whole build: catalogue, graph, models, vectors, words, past queries, evaluation, publication.

Everything is written into a work folder that no server looks at; publishing is one rename. Embeddings are
kept in a cache beside it, so that an interrupted build goes on where it stopped and an unchanged product is
never embedded twice.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import engine
from engine.backends.encoder import DualEncoder
from engine.backends.graph_tables import GraphTables
from engine.backends.model_files import ModelSpec
from engine.bootstrap import open_generation
from engine.commands.flags import flag_name
from engine.config import ServeSettings
from engine.errors import ConfigError, EngineError, LockHeldError
from engine.generation import DataFolder, Generation
from engine.manifest import event_parameters, folded_parameters
from engine.product_texts import EmbeddingTexts, rerank_text
from engine.types import FloatArray, PastQuery, Product
from index_builder.catalog import write_catalog
from index_builder.config import BuildSettings
from index_builder.cosines import measure_cosines
from index_builder.embed import embed_products, embed_queries
from index_builder.evaluate import evaluate
from index_builder.graph.compose import ComposedQuery, compose_queries
from index_builder.graph_report import write_graph_report
from index_builder.graph_step import GraphStep
from index_builder.intake import read_past_queries, take_in
from index_builder.judgements import Judgements
from index_builder.knowledge import Knowledge, read_knowledge
from index_builder.lexical import build_lexical_index
from index_builder.live_catalogue import TakenIn
from index_builder.model_step import ModelStep, lessons_from
from index_builder.models import TrainedModels
from index_builder.past_queries import build_past_queries
from index_builder.progress import Progress
from index_builder.prune import prune
from index_builder.publish import Summary, publish, seal
from index_builder.unseen import check_build
from index_builder.vectors import VectorIndexReport, build_vector_index

WORK = "building"
CACHE = "cache"
_PATIENCE_SECONDS = 2.0
"""For a server that lets its change log forget something just now."""


@dataclass(frozen=True, slots=True)
class Built:
    """`evaluation` is the JSON of `evaluate`, None without judgements; `gate_failed` says why the generation
    was published but not activated, empty when it was; each of `warnings` is one sentence for a person;
    `removed` are the ids of older generations that are gone.
    """

    generation: Generation
    evaluation: dict[str, Any] | None
    gate_failed: str
    warnings: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def build(settings: BuildSettings, progress: Progress) -> Built:
    """Build a generation from a catalogue and publish it.

    Raises DataError for files that cannot be used, ConfigError for settings and for another build that is
    running in the same folder. Whatever fails, generations that were there stay as they were.
    """
    judgements = _judged(settings, "judged_queries", "qrels")
    training = _judged(settings, "training_queries", "training_qrels")
    trained = TrainedModels.read(settings)
    seen = check_build(settings, training, judgements)
    knowledge = read_knowledge(settings)
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{settings.out} cannot be the data folder: {error.strerror}.") from None
    data = DataFolder(settings.out)
    with ExitStack() as stack:
        try:
            stack.enter_context(data.building(wait=_PATIENCE_SECONDS))
        except LockHeldError:
            raise ConfigError(
                f"Another build is writing to {settings.out}; wait for it or choose another."
            ) from None
        work = settings.out / WORK
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        built = _Build(settings, trained, work, progress, seen).run(knowledge, training, judgements)
        return _pruned(built, data, settings.keep_generations)


def _pruned(built: Built, data: DataFolder, keep: int) -> Built:
    """What cannot be removed is told, and no reason for a build that is published to have failed."""
    try:
        return replace(built, removed=tuple(prune(data, keep, just_built=built.generation.id).removed))
    except EngineError as error:
        return replace(built, warnings=(*built.warnings, error.message))


def _judged(settings: BuildSettings, queries: str, qrels: str) -> Judgements | None:
    """The judgements of two settings, by their names; ConfigError when one of the two is missing."""
    first, second = getattr(settings, queries), getattr(settings, qrels)
    if (first is None) != (second is None):
        both = f"{flag_name(queries, BuildSettings)} and {flag_name(qrels, BuildSettings)}"
        raise ConfigError(f"{both} go together: give both or neither.")
    return None if first is None else Judgements.read(first, second)


class _Build:
    """One run of the steps; each leaves its folder and says in `about` what the manifest shall tell of it."""

    def __init__(
        self,
        settings: BuildSettings,
        trained: TrainedModels,
        work: Path,
        progress: Progress,
        seen: Mapping[str, int],
    ) -> None:
        self.settings = settings
        self.work = work
        self.progress = progress
        self.seen = seen
        self.threads = settings.threads or os.cpu_count() or 1
        self.about: dict[str, dict[str, Any]] = {}
        self.models = ModelStep(settings, trained, work, self.threads, progress, self.about)

    def run(self, knowledge: Knowledge, training: Judgements | None, judgements: Judgements | None) -> Built:
        taken = self._clean()
        catalogue = taken.catalogue
        products = catalogue.products
        encoder = self.models.encoder(products)
        self.models.fusion()
        vectors = self._embed(encoder, products)
        graph = GraphStep(
            self.settings,
            self.work / "graph",
            self.models.base,
            self.settings.out / CACHE,
            self.threads,
            self.progress,
            self.about,
        )
        report = graph.build(products, vectors, encoder, knowledge)
        write_graph_report(self.work / "report", report)
        tables = GraphTables.open(self.work / "graph")
        with self.progress.step("compose queries"):
            composed = compose_queries(products, tables, seed=self.settings.seed)
        lessons = lessons_from(composed, judgements)
        graph.weigh_relations(products, tables, lessons, training)
        past_queries = read_past_queries(
            self.settings, self.work / "report", catalogue, composed, knowledge.events
        )
        self._words(products)
        self.models.reranker(products, tables, lessons)
        recall = self._vectors(encoder, vectors, past_queries)
        self._scale(encoder, vectors, lessons)
        summary = Summary(
            engine_version=engine.__version__,
            dimension=encoder.dimension,
            product_count=len(products),
            past_query_count=self.about["queries"]["count"],
            statement_count=report.statements,
            measured_recall=recall,
            build=self._parameters(catalogue.mapping)
            | folded_parameters(taken.folded)
            | event_parameters(knowledge.events.sequence if knowledge.events else 0),
            parts=self.about,
            evaluation={},
        )
        return self._finish(summary, judgements)

    def _clean(self) -> TakenIn:
        with self.progress.step("read and clean") as advance:
            taken = take_in(self.settings, self.work / "report", advance)
            catalogue = taken.catalogue
            texts = [rerank_text(product) for product in catalogue.products]
            write_catalog(catalogue.products, texts, self.work / "catalog", taken.kinds)
        self.about["catalog"] = {
            "mapping": catalogue.mapping,
            "rows": catalogue.row_count,
            "quarantined": len(catalogue.quarantined),
        }
        return taken

    def _words(self, products: Sequence[Product]) -> None:
        with self.progress.step("word index") as advance:
            report = build_lexical_index(products, self.work / "lexical")
            advance(len(products), len(products))
        self.about["lexical"] = {"bytes": report.byte_count}

    def _embed(self, encoder: DualEncoder, products: Sequence[Product]) -> FloatArray:
        with self.progress.step("embed products") as advance:
            return embed_products(
                EmbeddingTexts(products),
                encoder,
                cache=self.settings.out / CACHE,
                progress=advance,
                scratch=self.work,
            )

    def _vectors(self, encoder: DualEncoder, vectors: FloatArray, past_queries: Sequence[PastQuery]) -> float:
        with self.progress.step("embed past queries") as advance:
            texts = [query.text for query in past_queries]
            queries = embed_queries(texts, encoder, cache=self.settings.out / CACHE, progress=advance)
        target, seed = self.settings.target_recall, self.settings.seed
        fingerprint = ModelSpec.read(self.work / "encoder").fingerprint
        with self.progress.step("vector indexes"):
            report = build_vector_index(
                vectors,
                self.work / "vectors",
                target_recall=target,
                seed=seed,
                threads=self.threads,
                queries=queries,
                encoder=fingerprint,
                max_mib=self.settings.max_vector_memory,
            )
            asked = build_past_queries(
                past_queries,
                queries,
                self.work / "queries",
                target_recall=target,
                seed=seed,
                threads=self.threads,
                encoder=fingerprint,
            )
        self.about["vectors"] = _about(report)
        self.about["queries"] = {"count": asked.query_count, **_about(asked.vectors)}
        return report.recall_at_10

    def _scale(self, encoder: DualEncoder, vectors: FloatArray, lessons: Sequence[ComposedQuery]) -> None:
        def encode(texts: Sequence[str]) -> FloatArray:
            return embed_queries(texts, encoder, cache=self.settings.out / CACHE)

        self.about["encoder"]["cosines"] = measure_cosines(lessons, vectors, encode, seed=self.settings.seed)

    def _finish(self, summary: Summary, judgements: Judgements | None) -> Built:
        with self.progress.step("checksums"):
            manifest = seal(self.work, summary)
        report, gate_failed = None, ""
        if judgements is not None:
            with self.progress.step("evaluate"):
                report = self._evaluate(Generation(self.work, manifest), judgements)
                seal(self.work, replace(summary, evaluation=report["runs"]["full"]))
            ndcg = report["runs"]["full"]["ndcg@10"]
            if ndcg < self.settings.min_ndcg:
                gate_failed = f"nDCG@10 is {ndcg:.4f}, below the gate of {self.settings.min_ndcg}."
        with self.progress.step("publish"):
            activate = self.settings.activate and not gate_failed
            generation = publish(self.work, self.settings.out, activate=activate)
        return Built(generation, report, gate_failed, tuple(self.models.warnings))

    def _evaluate(self, generation: Generation, judgements: Judgements) -> dict[str, Any]:
        serve = ServeSettings(
            data=self.settings.out, threads=self.settings.threads, device=self.settings.device
        )
        opened = open_generation(generation, serve)
        try:
            folder = self.work / "evaluation"
            report = evaluate(
                opened.pipeline.search, judgements, ablate=True, runs_folder=folder, seen=self.seen
            )
        finally:
            opened.close()
        (folder / "figures.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        return report

    def _parameters(self, mapping: str) -> dict[str, Any]:
        """What shaped the content, but no path and nothing of this machine."""
        kept = (
            *("base_model", "max_bad_share", "target_recall", "max_vector_memory"),
            *("graph_models", "reranker_pairs", "seed"),
        )
        return {"mapping": mapping, **{name: getattr(self.settings, name) for name in kept}}


def _about(report: VectorIndexReport) -> dict[str, Any]:
    """Of a vector index; no time, since the same build must give the same manifest."""
    return {
        "kind": report.kind.value,
        "storage": report.storage.value,
        **report.parameters,
        "recall@10": report.recall_at_10,
        "recall@100": report.recall_at_100,
    }
