"""`train reranker` from settings to a model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.product_texts import rerank_text
from engine.types import Product, RowArray
from index_builder.train.base_model import resolve_base_model
from index_builder.train.cards.card_facts import inherited
from index_builder.train.cards.model_card import CardKind, CardSource
from index_builder.train.control import TrainingControl
from index_builder.train.job import IN_INT8, Trained
from index_builder.train.lessons import Lessons
from index_builder.train.reranker.reranker_estimate import estimate_reranker, require_disk
from index_builder.train.reranker.reranker_plan import RerankerPlan
from index_builder.train.reranker.reranker_recipe import train_reranker
from index_builder.train.settings import TrainRerankerSettings
from index_builder.train.shop import TrainingShop

SEARCH_DEPTH = 50


def plan_of(settings: TrainRerankerSettings) -> RerankerPlan:
    """Without a teacher the model that serves learns from the labels itself; with one, it also learns from as
    many pairs that a search finds as are labelled.
    """
    alone = settings.teacher_layers == 0
    depth = RerankerPlan().unlabelled_depth
    return RerankerPlan(
        teacher_layers=settings.layers if alone else settings.teacher_layers,
        student_layers=0 if alone else settings.layers,
        max_pairs=settings.pairs,
        unlabelled_queries=settings.pairs // depth,
        seed=settings.seed,
    )


class RerankerJob:
    """Fits `job.Job`."""

    kind = CardKind.RERANKER

    def __init__(self, settings: TrainRerankerSettings) -> None:
        """Raises ConfigError for a base model that cannot be used."""
        self._settings = settings
        self._plan = plan_of(settings)
        self.base = resolve_base_model(settings.base_model)

    @property
    def draws(self) -> int:
        return self._settings.draws

    @property
    def taught_by(self) -> tuple[CardSource, ...]:
        return inherited(self.base, "base model")

    def estimate(self, lessons: Lessons) -> Mapping[str, Any]:
        found = estimate_reranker(
            self._plan,
            lessons.training.train,
            _Texts(lessons.shop).text,
            base=self.base,
            held_out=lessons.training.held_out,
            device=self._settings.device,
        )
        require_disk(self._settings.out, found.disk_mib)
        return asdict(found)

    def train(self, lessons: Lessons, control: TrainingControl) -> Trained:
        shop = _Texts(lessons.shop)
        report = train_reranker(
            lessons.training,
            shop.text,
            base=self.base,
            out=self._settings.out,
            base_model=self._settings.base_model,
            candidates=shop.candidates,
            plan=self._plan,
            control=control,
            device=self._settings.device,
        )
        measured = {"teacher": report.teacher, "trained": report.student or report.teacher}
        figures = {who: asdict(quality) for who, quality in measured.items() if quality is not None}
        figures[IN_INT8] = report.parity.figures
        return Trained(asdict(report), figures, f"{report.layers} layers from {report.pairs} pairs")


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the reranker reads of products, and what a search by words would give it to read."""

    shop: TrainingShop

    @property
    def _products(self) -> Sequence[Product]:
        return self.shop.products

    def text(self, row: int) -> str:
        return rerank_text(self._products[row])

    def candidates(self, query: str) -> RowArray:
        return self.shop.words.search(query, SEARCH_DEPTH).rows
