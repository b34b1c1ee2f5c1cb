"""`train encoder` from settings to a model folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from engine.backends.cross_encoder import open_cross_encoder
from engine.backends.device import CPU
from engine.backends.encoder import DualEncoder
from engine.product_texts import embedding_text, rerank_text
from engine.types import RowArray
from index_builder.models import ModelKind, TrainedModel
from index_builder.train.base_model import resolve_base_model
from index_builder.train.cards.card_facts import inherited
from index_builder.train.cards.model_card import CardKind, CardSource
from index_builder.train.control import TrainingControl
from index_builder.train.encoder.dual_encoder import train_dual_encoder
from index_builder.train.encoder.encoder_base import open_base_encoder
from index_builder.train.encoder.encoder_checks import check_packages
from index_builder.train.encoder.encoder_estimate import estimate_encoder
from index_builder.train.encoder.encoder_plan import Adversary, EncoderPlan, EncoderReport, LoraPlan, LossPlan
from index_builder.train.encoder.encoder_run import EncoderData
from index_builder.train.encoder.rounds import Teacher
from index_builder.train.job import IN_INT8, Trained
from index_builder.train.lessons import Lessons
from index_builder.train.queries.negatives import NegativeMiner
from index_builder.train.queries.query import ANSWERS_FROM, TrainingQuery
from index_builder.train.settings import TrainEncoderSettings

MINED_PRODUCTS = 50_000
"""Of larger catalogues, negatives by meaning come from the queries' own answers and a sample: embedding a
million products anew would take hours."""


def plan_of(settings: TrainEncoderSettings) -> EncoderPlan:
    """Each composed query is learned from about once."""
    steps = math.ceil(settings.pairs / settings.batch_size / settings.rounds)
    return EncoderPlan(
        rounds=settings.rounds,
        steps=max(1, steps),
        batch_size=settings.batch_size,
        negatives=settings.negatives,
        train_tokens=settings.train_tokens,
        learning_rate=settings.learning_rate,
        dimensions=settings.dimensions,
        loss=LossPlan(distillation=settings.distillation if settings.teacher else 0.0),
        lora=LoraPlan(rank=settings.lora_rank, scale=2 * settings.lora_rank) if settings.lora_rank else None,
        adversary=Adversary(settings.adversary),
        query_prompt=settings.query_prompt,
        product_prompt=settings.product_prompt,
        seed=settings.seed,
    )


class EncoderJob:
    """Fits `job.Job`."""

    kind = CardKind.ENCODER

    def __init__(self, settings: TrainEncoderSettings) -> None:
        """Raises ConfigError for a base model or a teacher that cannot be used."""
        self._settings = settings
        self._plan = plan_of(settings)
        check_packages(self._plan)
        self.base = resolve_base_model(settings.base_model)
        open_base_encoder(self.base, max_tokens=self._plan.train_tokens, device=CPU)
        self._teacher = None
        if settings.teacher is not None:
            self._teacher = TrainedModel.read(settings.teacher, ModelKind.RERANKER)

    @property
    def draws(self) -> int:
        return self._settings.pairs

    @property
    def taught_by(self) -> tuple[CardSource, ...]:
        """What the models that this one starts from and listens to have learned."""
        teacher = self._settings.teacher
        listened = () if teacher is None else inherited(teacher, "teacher")
        return (*inherited(self.base, "base model"), *listened)

    def estimate(self, lessons: Lessons) -> Mapping[str, float]:
        found = estimate_encoder(
            self.data(lessons),
            base=self.base,
            out=self._settings.out,
            plan=self._plan,
            device=self._settings.device,
        )
        return asdict(found)

    def train(self, lessons: Lessons, control: TrainingControl) -> Trained:
        data = self.data(lessons)
        report = train_dual_encoder(
            data,
            base=self.base,
            base_model=self._settings.base_model,
            out=self._settings.out,
            negatives=CatalogueMiner.of(lessons, data, self._settings.seed),
            plan=self._plan,
            control=control,
            device=self._settings.device,
        )
        figures = {"base model": report.before, "trained": report.best}
        if report.exported:
            figures["exported"] = report.exported
        if report.parity:
            figures[IN_INT8] = report.parity.figures
        return Trained(asdict(report), figures, _outcome(report))

    def data(self, lessons: Lessons) -> EncoderData:
        """What the trainer reads; a teacher is opened anew."""
        settings, products, training = self._settings, lessons.shop.products, lessons.training
        teacher = None
        if self._teacher is not None:
            opened = open_cross_encoder(
                self._teacher.folder, device=settings.device, threads=settings.threads or 1
            )
            teacher = Teacher(opened, [rerank_text(product) for product in products])
        texts = [embedding_text(product) for product in products]
        return EncoderData(training.train, training.held_out, texts, teacher)


def _outcome(report: EncoderReport) -> str:
    if report.best_step == 0:
        return f"no step of {report.steps} beat the base model, which is exported as it is"
    if report.share == 0:
        return (
            f"{report.steps} steps, best after {report.best_step}; no weights on the way there beat the base "
            "model, which is exported as it is"
        )
    way = f"{report.share:.0%} of the way from the base model are exported"
    return f"{report.steps} steps, best after {report.best_step}; {way}"


@dataclass(frozen=True, slots=True)
class CatalogueMiner:
    """Embeds what is searched for negatives with the encoder as it is; fits `rounds.Miner`."""

    miner: NegativeMiner
    queries: Sequence[TrainingQuery]
    texts: Sequence[str]
    seed: int
    limit: int = MINED_PRODUCTS

    @classmethod
    def of(cls, lessons: Lessons, data: EncoderData, seed: int) -> CatalogueMiner:
        shop = lessons.shop
        score = None if data.teacher is None else data.teacher.score
        miner = NegativeMiner(shop.products, shop.words, shop.typed, score=score)
        return cls(miner, data.train, data.texts, seed)

    def __call__(self, encoder: DualEncoder, round_: int) -> list[RowArray]:
        asked = encoder.encode_queries([query.text for query in self.queries])
        vectors = np.zeros((len(self.texts), encoder.dimension), np.float32)
        rows = self._rows(round_)
        vectors[rows] = encoder.encode_products([self.texts[row] for row in rows.tolist()])
        return self.miner.mine(self.queries, asked, vectors, seed=self.seed + round_)

    def _rows(self, round_: int) -> RowArray:
        """Rows that are embedded; the others are as far from every query as can be."""
        if len(self.texts) <= self.limit:
            return np.arange(len(self.texts))
        chance = np.random.default_rng((self.seed, round_))
        answers = [query.rows[query.grades >= ANSWERS_FROM] for query in self.queries]
        sample = chance.choice(len(self.texts), self.limit, replace=False)
        return np.unique(np.concatenate([*answers, sample]))
