"""Stage 5: a cross-encoder reads query and product together and decides the order of the first M."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.types import FloatArray


class PairScorer(Protocol):
    """Scores (query, product text) pairs; float32 (n,), each in [0, 1], higher is more relevant."""

    def score(self, query: str, texts: Sequence[str]) -> FloatArray: ...
