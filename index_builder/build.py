"""A whole build: catalogue, graph, models, vectors, words, past queries, evaluation, publication.

Everything is written into a work folder that no server looks at; publishing is one rename. Embeddings are
kept in a cache beside it, so that an interrupted build goes on where it stopped and an unchanged product is
never embedded twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

import engine
from engine.backends.encoder import open_encoder
from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.errors import ConfigError
from engine.generation import Generation
from engine.types import FloatArray, PastQuery, Product
from index_builder.catalog import write_catalog
from index_builder.config import BuildSettings
from index_builder.embed import embed_products
from index_builder.evaluate import evaluate
from index_builder.judgements import Judgements
from index_builder.lexical import build_lexical_index
from index_builder.past_queries import build_past_queries
from index_builder.progress import Progress
from index_builder.publish import Summary, publish, seal
from index_builder.texts import embedding_text, rerank_text
from index_builder.vectors import build_vector_index

WORK = "building"
CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Built:
    """`evaluation` is the JSON of `evaluate`, None without judgements; `gate_failed` says why the generation
    was published but not activated, empty when it was.
    """

    generation: Generation
    evaluation: dict[str, Any] | None
    gate_failed: str


def build(settings: BuildSettings, progress: Progress) -> Built:
    """Build a generation from a catalogue and publish it.

    Raises DataError for files that cannot be used, ConfigError for settings and for another build that is
    running in the same folder. Whatever fails, generations that were there stay as they were.
    """
    judgements = _judgements(settings)
    settings.out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.out / ".build.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"Another build is writing to {settings.out}; wait for it or choose another."
        ) from None
    try:
        work = settings.out / WORK
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        return _Build(settings, work, progress).run(judgements)
    finally:
        lock.release()


def _judgements(settings: BuildSettings) -> Judgements | None:
    if (settings.queries is None) != (settings.qrels is None):
        raise ConfigError("--queries and --qrels go together: give both or neither.")
    if settings.queries is None or settings.qrels is None:
        return None
    return Judgements.read(settings.queries, settings.qrels)


class _Build:
    """One run of the steps; each leaves its folder and says in `about` what the manifest shall tell of it."""

    def __init__(self, settings: BuildSettings, work: Path, progress: Progress) -> None:
        self.settings = settings
        self.work = work
        self.progress = progress
        self.about: dict[str, dict[str, Any]] = {}

    def run(self, judgements: Judgements | None) -> Built:
        products, raw_queries = self._clean()
        graph, composed = self._graph(products)
        self._models(products, composed)
        vectors = self._embed(products)
        past_queries, query_vectors = self._past_queries(products, composed, raw_queries)
        recall = self._indexes(products, vectors, past_queries, query_vectors)
        summary = Summary(
            engine_version=engine.__version__,
            dimension=vectors.shape[1],
            product_count=len(products),
            past_query_count=len(past_queries),
            statement_count=graph.statement_count,
            measured_recall=recall,
            build=self._parameters(),
            parts=self.about,
            evaluation={},
        )
        return self._finish(summary, judgements)
