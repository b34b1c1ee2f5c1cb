"""The live changes of one opened generation while they grow. One thread at a time changes it; the overlays
that it hands out are never changed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from engine.live.graph import Hanging
from engine.live.overlay import BaseCatalog, LiveProduct, Overlay
from engine.live.product_reader import Linked
from engine.product_texts import embedding_text, rerank_text
from engine.stages.retrieve import LexicalIndex, VectorIndex
from engine.types import FloatArray, Mask, Product

_FIRST_ROOM = 256
"""Slots that memory is taken for at first."""
_ROWS_KEPT = 4_096
"""One change asks several times where its product is, which is found by bisection."""


class GrowingWords(Protocol):
    """The word index of a generation, which takes further products at the next rows."""

    @property
    def snapshot(self) -> LexicalIndex: ...

    def add(self, products: Sequence[Product]) -> LexicalIndex: ...

    def close(self) -> None: ...


class LiveState:
    """Where products are now, and what stands there."""

    def __init__(
        self,
        catalog: BaseCatalog,
        vectors: VectorIndex,
        *,
        open_words: Callable[[], GrowingWords],
        read: Callable[[Product], Linked],
    ) -> None:
        """`open_words` is called at the first slot; `read` says on what entities a product hangs."""
        self._catalog = catalog
        self._built_row = lru_cache(_ROWS_KEPT)(catalog.row_of)
        self._base_vectors = vectors
        self._open_words = open_words
        self._read = read
        self._words: GrowingWords | None = None
        self._unindexed: list[Product] = []
        self._entries: dict[int, LiveProduct] = {}
        self._rows: dict[str, int | None] = {}
        self._moves: dict[int, int] = {}
        self._alive: Mask = np.ones(len(catalog), np.bool_)
        self._vectors: FloatArray = np.empty((0, vectors.dimension), np.float32)
        self._slots = 0
        self.hanging = Hanging(len(catalog))

    @property
    def dimension(self) -> int:
        return self._base_vectors.dimension

    @property
    def slots(self) -> int:
        """Taken so far, dead ones too."""
        return self._slots

    def row_of(self, product_id: str) -> int | None:
        if product_id in self._rows:
            return self._rows[product_id]
        return self._built_row(product_id)

    def product(self, product_id: str) -> Product | None:
        """As it is now; None where there is none."""
        row = self.row_of(product_id)
        return None if row is None else self._at(row)

    def takes_slot(self, product: Product) -> bool:
        """Whether it is new, or its words are."""
        before = self.product(product.id)
        return before is None or _words(before) != _words(product)

    def lacks_vector(self, product: Product) -> bool:
        """Whether it has to be embedded: no embedding of its text is known, so its words are new, too."""
        before = self.product(product.id)
        return before is None or embedding_text(before) != embedding_text(product)

    def slot_vector(self, product_id: str) -> FloatArray | None:
        """The embedding, (d,), of a product in a slot; None where there is none, or the generation has it."""
        row = self.row_of(product_id)
        return None if row is None or row < len(self._catalog) else self._vector_at(row)

    def put(self, product: Product, vector: FloatArray | None = None) -> None:
        """`vector` is its embedding, float32 (d,) of length 1; None only where `lacks_vector` is false."""
        row = self.row_of(product.id)
        entry = LiveProduct(product, rerank_text(product))
        if row is not None and not self.takes_slot(product):
            self._entries[row] = entry
            self._rows[product.id] = row
            return
        if vector is None:
            if row is None:
                raise ValueError(f"The new product {product.id!r} has no embedding.")
            vector = self._vector_at(row)
        slot = self._take_slot(product, vector)
        self._leave(product.id, slot)
        self._entries[slot] = entry
        self._rows[product.id] = slot

    def delete(self, product_id: str) -> None:
        """Of a product that exists."""
        self._leave(product_id, -1)
        self._rows[product_id] = None

    def overlay(self, sequence: int) -> Overlay:
        """All changes so far, as a state that stays as it is. `words` has to be asked for after it."""
        if self._unindexed:
            self._words = self._words or self._open_words()
            self._words.add(self._unindexed)
            self._unindexed = []
        return Overlay(
            base=len(self._catalog),
            sequence=sequence,
            entries=dict(self._entries),
            rows=dict(self._rows),
            alive=self._alive[: len(self._catalog) + self._slots].copy(),
            vectors=self._vectors[: self._slots],
            moves=dict(self._moves),
        )

    @property
    def words(self) -> LexicalIndex | None:
        """With the slots of the last overlay; None while no slot is taken."""
        return None if self._words is None else self._words.snapshot

    def close(self) -> None:
        if self._words is not None:
            self._words.close()

    def _at(self, row: int) -> Product:
        entry = self._entries.get(row)
        return entry.product if entry else self._catalog.products([row])[0]

    def _vector_at(self, row: int) -> FloatArray:
        base = len(self._catalog)
        in_slot = row >= base
        found = self._vectors[row - base] if in_slot else self._base_vectors.vectors(np.array([row]))[0]
        return np.asarray(found, np.float32)

    def _take_slot(self, product: Product, vector: FloatArray) -> int:
        base = len(self._catalog)
        if self._slots == len(self._vectors):
            room = max(_FIRST_ROOM, 2 * self._slots)
            grown = np.zeros((room, self._vectors.shape[1]), np.float32)
            grown[: self._slots] = self._vectors
            alive = np.zeros(base + room, np.bool_)
            alive[: base + self._slots] = self._alive[: base + self._slots]
            self._vectors, self._alive = grown, alive
        self._vectors[self._slots] = vector
        self._alive[base + self._slots] = True
        self._unindexed.append(product)
        self.hanging.add(self._read(product))
        self._slots += 1
        return base + self._slots - 1

    def _leave(self, product_id: str, for_row: int) -> None:
        """The product's row, if it has one, is dead from now on; past queries are told where it went."""
        row = self.row_of(product_id)
        if row is not None:
            self._alive[row] = False
            self._entries.pop(row, None)
        first = self._built_row(product_id)
        if first is not None:
            self._moves[first] = for_row


def _words(product: Product) -> tuple[object, ...]:
    """All of a product that searches by words, vectors or the graph look at. Of numbers, those that may be
    a barcode count, so that all whole ones do; a price is none of them. What is true is a word of the graph.
    """
    attributes = {
        key: value
        for key, value in product.attributes.items()
        if value is True or isinstance(value, str | tuple) or (type(value) is float and value.is_integer())
    }
    return product.title, product.brand, product.description, product.category, attributes
