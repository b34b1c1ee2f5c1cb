"""`train fusion`: weights of the score's parts, from judgements and events over a finished generation."""

from __future__ import annotations

import time

import numpy as np

from engine.backends.catalog import Catalog
from engine.backends.model_files import ModelSpec
from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.errors import ConfigError
from engine.generation import DataFolder
from engine.request import SearchRequest
from engine.serving import Opened
from engine.types import ProductId
from index_builder.train.control import TrainingControl
from index_builder.train.fusion.collect import unweighted
from index_builder.train.fusion.learn import MAX_QUERIES, FusionReport, fit_fusion
from index_builder.train.fusion.store import write_fusion
from index_builder.train.lessons import people_said, read_given
from index_builder.train.queries.pairs import TrainingSet, collect
from index_builder.train.settings import TrainFusionSettings

_TIMED = 8


class FusionJob:
    """The active generation of the data folder, opened, with what people said of its products."""

    def __init__(self, settings: TrainFusionSettings) -> None:
        """Raises DataError and ConfigError for whatever cannot be used."""
        self._settings = settings
        if settings.qrels is None and not settings.events:
            raise ConfigError(
                "Weights are learned from what people say: give --queries with --qrels, or --events."
            )
        given = read_given(settings)
        generation = DataFolder.open(settings.data).open_active(verify=False)
        catalog = Catalog.open(generation.part("catalog"))
        self.products = catalog.products(np.arange(len(catalog)))
        self.ids: list[ProductId] = [product.id for product in self.products]
        rows = {str(product_id): row for row, product_id in enumerate(self.ids)}
        self.training: TrainingSet = collect(
            people_said(settings, given, rows),
            forbidden=given.forbidden,
            held_out_share=0.0,
            seed=settings.seed,
        )
        self._generation = generation

    def estimate(self) -> dict[str, float]:
        """Seconds, from a few searches as deep as those that are learned from."""
        opened = self._open()
        try:
            search, _ = unweighted(opened.pipeline)
            texts = [query.text for query in self.training.train[:_TIMED]]
            started = time.monotonic()
            for text in texts:
                search(SearchRequest(text, page_size=1_000, explain=True), Deadline.none())
            each = (time.monotonic() - started) / len(texts)
        finally:
            opened.close()
        return {"seconds": each * min(len(self.training.train), MAX_QUERIES), "seconds_a_search": each}

    def train(self, control: TrainingControl) -> FusionReport:
        """Fit, and write fusion.json into the folder of the settings."""
        opened = self._open()
        try:
            report = fit_fusion(
                opened.pipeline,
                self.training.train,
                self.ids,
                seed=self._settings.seed,
                control=control,
            )
        finally:
            opened.close()
        write_fusion(
            report, self._settings.out, encoder=ModelSpec.read(self._generation.part("encoder")).fingerprint
        )
        return report

    def _open(self) -> Opened:
        settings = self._settings
        serve = ServeSettings(data=settings.data, threads=settings.threads, device=settings.device)
        return open_generation(self._generation, serve)
