from collections.abc import Sequence

import numpy as np
import pytest

from engine.types import FloatArray
from index_builder.cosines import MIN_QUERIES, measure_cosines
from index_builder.graph.compose import ComposedQuery

PRODUCTS = np.eye(4, dtype=np.float32)
ASKED = {"one": np.array([0.6, 0.8, 0, 0], np.float32), "two": np.array([0, 0, 1, 0], np.float32)}


def encode(texts: Sequence[str]) -> FloatArray:
    return np.stack([ASKED[text.split()[0]] for text in texts])


def composed(count: int) -> list[ComposedQuery]:
    """Half of the queries say `one` and are answered by product 1, the others say `two`, by product 2."""
    return [
        ComposedQuery(f"{word} {place}", np.array([1 + place % 2]), 1, "type", ())
        for place, word in zip(range(count), ["one", "two"] * count, strict=False)
    ]


def test_random_is_the_mean_of_all_pairs_and_answer_of_queries_with_their_products() -> None:
    measured = measure_cosines(composed(MIN_QUERIES), PRODUCTS, encode, seed=0)

    # `one` against all four: (.6 + .8 + 0 + 0) / 4 = .35, `two`: 1 / 4 = .25; their mean is .3.
    # `one` with its answer: .8, `two`: 1; their mean is .9.
    assert measured == pytest.approx({"random": 0.3, "answer": 0.9})


def test_too_few_queries_say_nothing() -> None:
    assert measure_cosines(composed(MIN_QUERIES - 1), PRODUCTS, encode, seed=0) is None


def test_an_encoder_that_tells_nothing_apart_has_no_scale() -> None:
    same = np.full((4, 4), 0.5, np.float32)

    def deaf(texts: Sequence[str]) -> FloatArray:
        return np.full((len(texts), 4), 0.5, np.float32)

    assert measure_cosines(composed(MIN_QUERIES), same, deaf, seed=0) is None
