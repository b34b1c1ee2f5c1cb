"""Searches by an embedding that the caller has: the vector index alone, under the same filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.deadline import Deadline
from engine.errors import InvalidArgumentError
from engine.request import DEFAULT_PAGE_SIZE, Hit
from engine.stages.filtering import Columns, parse_filter
from engine.stages.retrieve import VectorIndex
from engine.types import FloatArray, Mask, Product, ProductId, RowArray


@dataclass(frozen=True, slots=True)
class VectorRequest:
    """`vector` is float32 (n,), of any length (L2) but 0; `page_size` 0 means 20. With `ids_only`, products
    have their id and nothing else.
    """

    vector: FloatArray
    page_size: int = 0
    filter: str = ""
    ids_only: bool = False


@dataclass(frozen=True, slots=True)
class VectorResult:
    """The nearest first; scores are cosines."""

    hits: tuple[Hit, ...]
    generation_id: str


@dataclass(frozen=True, slots=True)
class VectorSearch:
    """Over one generation; rows that are not `alive` are never found. Safe to share between threads."""

    generation_id: str
    index: VectorIndex
    columns: Columns
    products: Callable[[RowArray], Sequence[Product]]
    ids: Callable[[RowArray], Sequence[ProductId]]
    alive: Mask | None = None

    def __call__(self, request: VectorRequest, deadline: Deadline) -> VectorResult:
        """Raises InvalidArgumentError and its kin for a wrong request, DeadlineExceededError and
        CancelledError for a caller that is gone.
        """
        vector = self._unit(request.vector)
        limit = request.page_size or DEFAULT_PAGE_SIZE
        mask = self.alive
        if request.filter.strip():
            passing = parse_filter(request.filter, self.columns).mask(self.columns)
            mask = passing if mask is None else passing & mask
        deadline.check()
        found = self.index.search(vector[None], limit, mask)[0]
        products = self._bare(found.rows) if request.ids_only else self.products(found.rows)
        scored = zip(products, found.scores.tolist(), strict=True)
        hits = tuple(Hit(product, rank, score) for rank, (product, score) in enumerate(scored, start=1))
        return VectorResult(hits, self.generation_id)

    def _unit(self, vector: FloatArray) -> FloatArray:
        if len(vector) != self.index.dimension:
            raise InvalidArgumentError(
                "vector",
                f"vector has {len(vector)} numbers; this generation's embeddings have "
                f"{self.index.dimension}.",
                length=len(vector),
                dimension=self.index.dimension,
            )
        wide = vector.astype(np.float64)  # two numbers of 3e38 are longer than float32 can say
        length = float(np.linalg.norm(wide))
        if not (np.isfinite(length) and length > 0):
            raise InvalidArgumentError(
                "vector", "vector has no direction: give finite numbers, not all of them zero."
            )
        return np.asarray(wide / length, np.float32)

    def _bare(self, rows: RowArray) -> list[Product]:
        return [Product(product_id, title="") for product_id in self.ids(rows)]
