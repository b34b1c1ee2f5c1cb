from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.types import Candidates, FloatArray, Product, ProductId
from index_builder.train.encoder.encoder_job import CatalogueMiner, plan_of
from index_builder.train.encoder.rounds import Teacher
from index_builder.train.queries.negatives import MiningPlan, NegativeMiner
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.settings import TrainEncoderSettings

COUNT = 12
PRODUCTS = [Product(ProductId(f"P-{row}"), f"thing number{row}") for row in range(COUNT)]
TEXTS = [product.title for product in PRODUCTS]
QUERY = TrainingQuery("thing", np.array([7]), np.ones(1, np.float32), np.array([7]), Origin.JUDGEMENTS)


class NoWords:
    def search(self, text: str, limit: int) -> Candidates:
        return Candidates.none()


class Listening:
    """Embeds everything alike, but for product 7, which is closest to the query; tells what it was asked."""

    device = "cpu"
    dimension = 2
    id = "listening"

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return np.tile(np.array([[1.0, 0.0]], np.float32), (len(texts), 1))

    def encode_products(self, texts: Sequence[str]) -> FloatArray:
        self.read.extend(texts)
        return np.array([[1.0, 0.0] if text == TEXTS[7] else [0.6, 0.8] for text in texts], np.float32)


def miner(limit: int) -> CatalogueMiner:
    mining = NegativeMiner(
        PRODUCTS, NoWords(), np.ones(COUNT, np.bool_), MiningPlan(per_query=COUNT, alike=1.0)
    )
    return CatalogueMiner(mining, [QUERY], TEXTS, seed=0, limit=limit)


def test_all_products_of_a_small_catalogue_are_searched_for_negatives() -> None:
    encoder = Listening()

    (negatives,) = miner(COUNT)(encoder, 0)

    assert encoder.read == TEXTS
    assert sorted(negatives.tolist()) == [row for row in range(COUNT) if row != 7]


def test_of_a_large_catalogue_answers_and_a_sample_that_changes_with_the_round() -> None:
    read = []
    for round_ in (0, 1):
        encoder = Listening()
        miner(4)(encoder, round_)
        read.append(encoder.read)
        assert TEXTS[7] in encoder.read
        assert len(encoder.read) in (4, 5)  # four were drawn; the answer may be one of them

    assert read[0] != read[1]


def test_steps_follow_from_how_often_a_query_is_learned_from() -> None:
    settings = TrainEncoderSettings(
        catalog=(Path("c.jsonl"),), out=Path("m"), pairs=1_000, batch_size=64, rounds=3
    )

    # 1,000 / 64 / 3 = 5.2, so that three rounds of six steps have enough.
    assert plan_of(settings).steps == 6


def test_what_is_off_by_default_stays_off() -> None:
    plan = plan_of(TrainEncoderSettings(catalog=(Path("c.jsonl"),), out=Path("m")))

    assert plan.lora is None
    assert plan.adversary == "none"
    assert plan.loss.distillation == 0


def test_a_teacher_keeps_products_out_that_it_reads_as_answers() -> None:
    """Product 3 is all that the teacher thinks little of."""

    class Opinion:
        def score_pairs(self, queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
            assert len(queries) == len(texts)
            return np.array([0.1 if text == "3" else 0.9 for text in texts], np.float32)

    teacher = Teacher(Opinion(), [str(row) for row in range(COUNT)])  # type: ignore[arg-type]  # it only scores
    plan = MiningPlan(per_query=COUNT, alike=1.0)
    mining = NegativeMiner(PRODUCTS, NoWords(), np.ones(COUNT, np.bool_), plan, teacher.score)

    (negatives,) = CatalogueMiner(mining, [QUERY], TEXTS, seed=0)(Listening(), 0)

    assert negatives.tolist() == [3]
