"""A shop of forty products that a model of two layers learns to search in a second."""

from __future__ import annotations

import numpy as np

from index_builder.train.encoder.encoder_plan import EncoderPlan, Precision
from index_builder.train.encoder.encoder_run import EncoderData
from index_builder.train.queries.query import Origin, TrainingQuery

WARES = ("ink", "kettle", "shoe", "lamp", "printer", "desk", "chair", "phone", "mouse", "cable")
COLORS = ("red", "blue", "black", "green")
TEXTS = [f"a good {color} {ware}" for ware in WARES for color in COLORS]
"""The product of ware i and colour j has row 4 i + j."""

PLAN = EncoderPlan(
    rounds=2,
    steps=4,
    batch_size=8,
    mini_batch_size=8,
    train_tokens=16,
    max_tokens=16,
    learning_rate=5e-3,
    dimensions=(16,),
    evaluate_every=4,
    precision=Precision.FULL,
)
"""Eight steps, and the held-out queries after the fourth and the eighth."""


def query(
    text: str, grades: dict[int, float], *, answers: tuple[int, ...] = (), weight: float = 1.0
) -> TrainingQuery:
    """`grades` by row; answers are those of at least a half and `answers`."""
    known = {row for row, grade in grades.items() if grade >= 0.5} | set(answers)
    return TrainingQuery(
        text,
        np.array(list(grades), np.int64),
        np.array(list(grades.values()), np.float32),
        np.array(sorted(known), np.int64),
        Origin.GRAPH,
        weight,
    )


def small_data() -> EncoderData:
    """Training asks for every colour of every ware, the held-out queries for the wares themselves."""
    exact = [
        query(f"{color} {ware}", {4 * i + j: 1.0})
        for i, ware in enumerate(WARES)
        for j, color in enumerate(COLORS)
    ]
    wares = [query(ware, {4 * i + j: 1.0 for j in range(4)}) for i, ware in enumerate(WARES)]
    return EncoderData(exact, wares, TEXTS)
