"""Tells how much live searches miss: now and then one is repeated exactly, in the background.

Recall is measured when an index is built, for queries and filters of that day. Shoppers ask others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Protocol

import numpy as np

from engine.stages.retrieve import VectorIndex
from engine.types import Candidates, FloatArray, Mask, RowArray

BUCKETS = ((1.0, "all"), (0.1, "10%"), (0.01, "1%"), (0.001, "0.1%"), (0.0, "less"))
"""Least share of the rows that pass the filter, and the bucket's name."""
_SAME = 1e-6


class ExactIndex(VectorIndex, Protocol):
    def exact(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        """As `search`, but every row that passes is compared."""
        ...


class ShadowedIndex:
    """A vector index of which `a_minute` searches at most are repeated, one at a time, by a thread of its
    own. `on_recall` is told the bucket and the share of the true best that was found.
    """

    def __init__(self, index: ExactIndex, *, a_minute: int, on_recall: Callable[[str, float], None]) -> None:
        """`a_minute` is at least 1."""
        self._index = index
        self._pause = 60 / a_minute
        self._on_recall = on_recall
        self._due = monotonic()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shadow")

    @property
    def dimension(self) -> int:
        return self._index.dimension

    def __len__(self) -> int:
        return len(self._index)

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        """See `VectorIndex`."""
        found = self._index.search(vectors, limit, mask)
        if len(found[0]) and self._is_due():  # in this order: who asks whether one is due has to make it
            self._thread.submit(self._check, vectors[:1], limit, mask, found[0])
        return found

    def vectors(self, rows: RowArray) -> FloatArray:
        return self._index.vectors(rows)

    def close(self) -> None:
        """Waits for a check that runs: nothing may free the index under it."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _is_due(self) -> bool:
        if monotonic() < self._due:
            return False
        with self._lock:
            due = monotonic() >= self._due
            if due:
                self._due = float("inf")  # until this check is done
        return due

    def _check(self, vectors: FloatArray, limit: int, mask: Mask | None, found: Candidates) -> None:
        try:
            exact = self._index.exact(vectors, limit, mask)[0]
            passing = 1.0 if mask is None else float(mask.mean())
            self._on_recall(bucket_of(passing), recall(found, exact))
        finally:
            self._due = monotonic() + self._pause


def bucket_of(share: float) -> str:
    return next(name for least, name in BUCKETS if share >= least)


def recall(found: Candidates, exact: Candidates) -> float:
    """Twins are equals: what scores no less than the last of the true best is one of them."""
    if not len(exact):
        return 1.0
    right = np.count_nonzero(found.scores >= exact.scores[-1] - _SAME)
    return float(min(right / len(exact), 1.0))
