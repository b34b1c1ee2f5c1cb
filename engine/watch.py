"""Who is told of what happens inside the engine; `engine.metrics` listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OnBatch = Callable[[str, int, float], None]
"""Told the model ("encoder", "reranker"), the size of a batch and its seconds."""
OnRecall = Callable[[str, float], None]
"""Told the bucket of a search by vectors (see engine.shadow) and the share of the true best that it found."""
OnMove = Callable[[], None]
"""Told that the data folder points at another generation, which serves here."""
OnLookup = Callable[[str, str], None]
"""Told the cache ("results", "embeddings") and how a lookup came out (see engine.caching.Lookup)."""

OnCommit = Callable[[int, float], None]
"""Told how many requests a commit of live changes took together, and its seconds until searches see them."""
OnSlowSearch = Callable[[], None]
"""Told of every search that the log calls slow."""
OnExpired = Callable[[int], None]
"""Told how many of shoppers' events were erased because they were too old."""


def _nobody(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Watch:
    on_batch: OnBatch = _nobody
    on_lookup: OnLookup = _nobody
    on_recall: OnRecall = _nobody
    on_move: OnMove = _nobody
    on_commit: OnCommit = _nobody
    on_slow_search: OnSlowSearch = _nobody
    on_expired: OnExpired = _nobody
