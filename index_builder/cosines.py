"""How an encoder's cosines spread in this shop, for the engine to put them on its scale (CosineScale)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.types import FloatArray
from index_builder.graph.compose import ComposedQuery

QUERIES, PRODUCTS = 500, 2_000
MIN_QUERIES = 20
"""Fewer say little; the encoder's cosines are then taken as they are."""


def measure_cosines(
    composed: Sequence[ComposedQuery],
    vectors: FloatArray,
    encode: Callable[[Sequence[str]], FloatArray],
    *,
    seed: int,
) -> dict[str, float] | None:
    """`random` and `answer` of CosineScale, four digits; None where they cannot be told apart.

    Composed queries, each with the most typical product that answers it, stand for those of shoppers.
    `vectors` are the products' float32 (n, dimension) unit rows, `encode` gives those of queries.
    """
    if len(composed) < MIN_QUERIES:
        return None
    chance = np.random.default_rng(seed)
    drawn = [composed[place] for place in np.sort(_some(len(composed), QUERIES, chance)).tolist()]
    asked = encode([query.text for query in drawn])
    others = vectors[_some(len(vectors), PRODUCTS, chance)]
    answers = vectors[[int(query.rows[0]) for query in drawn]]
    random = round(float((asked @ others.T).mean()), 4)
    answer = round(float((asked * answers).sum(axis=1).mean()), 4)
    return {"random": random, "answer": answer} if answer > random else None


def _some(count: int, limit: int, chance: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return chance.choice(count, min(count, limit), replace=False)
