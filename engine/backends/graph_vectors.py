"""How close products stand to entities of the graph, from embeddings that the builder trained and folded.

The builder stores unit vectors such that the inner product of a product with an entity says how likely the
statement between them is, whether or not the catalogue makes it: a product that never says "gaming" stands
near those that do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import DamagedGenerationError
from engine.types import FloatArray, RowArray

ENTITIES, PRODUCTS = "entity_vectors.npy", "product_vectors.npy"

HalfArray = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class GraphVectors:
    """`entities` float16 (e, d), in the order of the graph's tables; `products` float16 (n, d), by row. Rows
    have length 1, or 0 for what the graph knows nothing of.
    """

    entities: HalfArray
    products: HalfArray

    def scores(self, entity_places: Sequence[int], rows: RowArray) -> FloatArray:
        """The mean cosine of each of `rows` to the entities, those below 0 counted as 0: float32 in [0, 1], 0
        without entities. A thousand rows take a fraction of a millisecond.
        """
        if not len(entity_places):
            return np.zeros(len(rows), np.float32)
        wanted = self.entities[np.asarray(entity_places, np.int64)].astype(np.float32)
        cosines = self.products[rows].astype(np.float32) @ wanted.T
        means: FloatArray = np.clip(cosines, 0.0, 1.0).mean(axis=1, dtype=np.float32)
        return means

    def write(self, folder: Path) -> None:
        """The same vectors give the same bytes."""
        np.save(folder / ENTITIES, self.entities)
        np.save(folder / PRODUCTS, self.products)

    @classmethod
    def open(cls, folder: Path) -> GraphVectors:
        """Memory-mapped. Raises DamagedGenerationError naming the file that is missing or does not fit."""
        entities, products = _load(folder / ENTITIES), _load(folder / PRODUCTS)
        if entities.shape[1] != products.shape[1]:
            raise DamagedGenerationError(folder / PRODUCTS, f"does not fit {ENTITIES} beside it")
        return cls(entities, products)


def _load(path: Path) -> HalfArray:
    try:
        array: HalfArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DamagedGenerationError(path, "is missing or is not a NumPy array") from error
    if array.ndim != 2 or array.dtype != np.float16:
        raise DamagedGenerationError(path, "holds something else than vectors of float16")
    return array
