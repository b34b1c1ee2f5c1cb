"""Nearest products by vectors: the generation's index, and the slots beside it, compared one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.stages.retrieve import VectorIndex
from engine.types import Candidates, FloatArray, Mask, RowArray


@dataclass(frozen=True, slots=True)
class LayeredVectors:
    """Fits `VectorIndex`. `live` are unit vectors, float32 (slots, d), of rows from len(base) up. The search
    among them is exact.
    """

    base: VectorIndex
    live: FloatArray

    @property
    def dimension(self) -> int:
        return self.base.dimension

    def __len__(self) -> int:
        return len(self.base) + len(self.live)

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        size = len(self.base)
        if mask is not None and mask.shape != (len(self),):
            raise ValueError(f"The mask has the shape {mask.shape}, the index {len(self)} rows.")
        found = self.base.search(vectors, limit, None if mask is None else mask[:size])
        slots = np.arange(len(self.live)) if mask is None else np.flatnonzero(mask[size:])
        if not len(slots):
            return found
        live = self.live if len(slots) == len(self.live) else self.live[slots]
        scores = np.atleast_2d(vectors) @ live.T
        return [
            Candidates.ranked(
                np.concatenate([near.rows, size + slots]),
                np.concatenate([near.scores, beside]),
                limit=limit,
                complete=near.complete,
            )
            for near, beside in zip(found, scores, strict=True)
        ]

    def vectors(self, rows: RowArray) -> FloatArray:
        wanted = np.asarray(rows, np.int64)
        if not len(self.live):
            return self.base.vectors(wanted)
        found = np.empty((len(wanted), self.dimension), np.float32)
        slots = wanted - len(self.base)
        above = slots >= 0
        found[above] = self.live[slots[above]]
        found[~above] = self.base.vectors(wanted[~above])
        return found
