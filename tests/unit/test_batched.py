"""Models behind a batcher answer as they do alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.batched import BatchedEncoder, BatchedPairScorer
from engine.deadline import Deadline
from engine.errors import DeadlineExceededError, NotServingError
from engine.types import FloatArray


class LengthModel:
    """Texts by their length: [length, 1] as embedding, query length over both lengths as score."""

    dimension = 2

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return np.array([[len(text), 1] for text in texts], np.float32).reshape(-1, 2)

    def score_pairs(self, queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
        return np.array([len(q) / (len(q) + len(t)) for q, t in zip(queries, texts, strict=True)], np.float32)


def test_embeddings_come_back_in_order() -> None:
    encoder = BatchedEncoder(LengthModel())

    vectors = encoder.encode_queries(["abc", "a"])

    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[3, 1], [1, 1]]
    assert encoder.dimension == 2


def test_no_texts_give_no_rows_of_the_right_width() -> None:
    assert BatchedEncoder(LengthModel()).encode_queries([]).shape == (0, 2)
    assert BatchedPairScorer(LengthModel()).score("query", []).shape == (0,)


def test_scores_belong_to_their_query() -> None:
    scorer = BatchedPairScorer(LengthModel())
    # 2 / (2 + 2), 2 / (2 + 6)
    assert scorer.score("ab", ["ab", "abcdef"]).tolist() == [0.5, 0.25]


def test_callers_at_once_get_their_own_scores() -> None:
    scorer = BatchedPairScorer(LengthModel(), max_batch=8)
    with ThreadPoolExecutor(8) as pool:
        scores = list(pool.map(lambda n: scorer.score("x" * n, ["y" * n, "z"]).tolist(), range(1, 100)))

    assert scores == [[0.5, pytest.approx(n / (n + 1))] for n in range(1, 100)]


def test_deadlines_reach_the_batcher() -> None:
    with pytest.raises(DeadlineExceededError):
        BatchedEncoder(LengthModel()).encode_queries(["late"], Deadline.after(0))
    with pytest.raises(DeadlineExceededError):
        BatchedPairScorer(LengthModel()).score("late", ["text"], Deadline.after(0))


def test_a_closed_model_refuses() -> None:
    encoder, scorer = BatchedEncoder(LengthModel()), BatchedPairScorer(LengthModel())
    encoder.close()
    scorer.close()

    with pytest.raises(NotServingError):
        encoder.encode_queries(["text"])
    with pytest.raises(NotServingError):
        scorer.score("query", ["text"])


def test_batches_are_observed() -> None:
    sizes: list[int] = []
    BatchedPairScorer(LengthModel(), on_batch=lambda size, _: sizes.append(size)).score("q", ["a", "b"])

    assert sizes == [2]
