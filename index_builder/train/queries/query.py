"""A query with what is known of the products that answer it: what every model here learns from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.types import FloatArray, RowArray

ANSWERS_FROM = 0.5
"""Grade from which a product answers the query; those below are negatives, harder the closer they come."""


class Origin(StrEnum):
    """Who says that a product answers a query."""

    JUDGEMENTS = "judgements"
    EVENTS = "events"
    GRAPH = "graph"


@dataclass(frozen=True, slots=True)
class TrainingQuery:
    """`rows`, int64 (n,), are different products and `grades`, float32 (n,), say in [0, 1] how well each
    answers. `answers`, int64, ascending, are all products known to answer, judged here or not: none of them
    may become a negative. `weight`, above 0, is what a mistake on this query counts beside others. `kind`
    names the pattern of a composed query.
    """

    text: str
    rows: RowArray
    grades: FloatArray
    answers: RowArray
    origin: Origin
    weight: float = 1.0
    kind: str = ""


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """`label` in [0, 1]: how well the product answers the query."""

    query: str
    product_text: str
    label: float
