"""Models shared by many callers: the same shape as a backend's, with every call going through a `Batcher`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from engine.batching import Batcher
from engine.deadline import Deadline
from engine.types import FloatArray

OnBatch = Callable[[int, float], None]
"""Told the items and the seconds of a batch."""


class SharedEncoder(Protocol):
    @property
    def dimension(self) -> int: ...

    def encode_queries(self, texts: Sequence[str]) -> FloatArray: ...


class SharedPairScorer(Protocol):
    def score_pairs(self, queries: Sequence[str], texts: Sequence[str]) -> FloatArray: ...


class BatchedEncoder:
    """A dual encoder for queries. `max_waiting` counts texts."""

    def __init__(
        self,
        encoder: SharedEncoder,
        *,
        max_batch: int = 32,
        max_waiting: int = 1024,
        on_batch: OnBatch | None = None,
    ) -> None:
        self._encoder = encoder
        self._batcher = Batcher[str, FloatArray](
            lambda texts: list(encoder.encode_queries(texts)),
            max_batch=max_batch,
            max_waiting=max_waiting,
            on_batch=on_batch,
        )

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def encode_queries(self, texts: Sequence[str], deadline: Deadline | None = None) -> FloatArray:
        """Float32 (n, dimension), rows of length 1. Raises what `Batcher.submit` raises."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack(self._batcher.submit(texts, deadline))

    def close(self) -> None:
        self._batcher.close()


class BatchedPairScorer:
    """A cross-encoder. `max_batch` and `max_waiting` count pairs."""

    def __init__(
        self,
        scorer: SharedPairScorer,
        *,
        max_batch: int = 64,
        max_waiting: int = 2048,
        on_batch: OnBatch | None = None,
    ) -> None:
        self._batcher = Batcher[tuple[str, str], float](
            lambda pairs: scorer.score_pairs(
                [query for query, _ in pairs], [text for _, text in pairs]
            ).tolist(),
            max_batch=max_batch,
            max_waiting=max_waiting,
            on_batch=on_batch,
        )

    def score(self, query: str, texts: Sequence[str], deadline: Deadline | None = None) -> FloatArray:
        """Float32 (n,), each in [0, 1]. Raises what `Batcher.submit` raises."""
        return np.asarray(self._batcher.submit([(query, text) for text in texts], deadline), np.float32)

    def close(self) -> None:
        self._batcher.close()
