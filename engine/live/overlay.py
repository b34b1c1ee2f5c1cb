"""One state of the live changes, as a search reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from engine.types import FloatArray, Mask, Product, ProductId, RowArray


@dataclass(frozen=True, slots=True)
class LiveProduct:
    """`text` is what the cross-encoder reads of it."""

    product: Product
    text: str


@dataclass(frozen=True)
class Overlay:
    """Laid over a generation of `base` rows. `entries` are the products that stand at a row, in the place of
    the generation's or in a slot; `rows` says where products are whose row has changed, None of one that was
    deleted; `moves` where the products of the generation's rows have gone, -1 for nowhere. `alive` has a flag
    for every row and slot, and `vectors`, float32 (slots, d), are the slots'. `sequence` is that of the last
    change in it.
    """

    base: int
    sequence: int
    entries: Mapping[int, LiveProduct]
    rows: Mapping[str, int | None]
    alive: Mask
    vectors: FloatArray
    moves: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def none(cls, base: int, dimension: int) -> Overlay:
        return cls(base, 0, {}, {}, np.ones(base, np.bool_), np.empty((0, dimension), np.float32))

    @property
    def size(self) -> int:
        """Rows and slots, dead ones too."""
        return len(self.alive)

    @property
    def slots(self) -> int:
        return len(self.vectors)

    def now(self, rows: RowArray) -> RowArray:
        """Where the products of the generation's `rows` are now, in their order; those that are no more are
        left out.
        """
        left, reached = self._moved
        if not len(left) or not len(rows):
            return rows
        places = np.minimum(np.searchsorted(left, rows), len(left) - 1)
        moved = np.where(left[places] == rows, reached[places], rows)
        found: RowArray = moved[moved >= 0]
        return found

    @cached_property
    def _moved(self) -> tuple[RowArray, RowArray]:
        left = np.fromiter(self.moves.keys(), np.int64, len(self.moves))
        reached = np.fromiter(self.moves.values(), np.int64, len(self.moves))
        order = np.argsort(left)
        return left[order], reached[order]


class BaseCatalog(Protocol):
    """Products of a generation, by row."""

    def __len__(self) -> int: ...

    def row_of(self, product_id: str) -> int | None: ...

    def products(self, rows: Sequence[int] | RowArray) -> list[Product]: ...

    def texts(self, rows: Sequence[int] | RowArray) -> list[str]: ...

    def ids(self, rows: Sequence[int] | RowArray) -> list[ProductId]: ...


@dataclass(frozen=True, slots=True)
class LayeredCatalog:
    """The products of a generation and of an overlay. Fits what the stages ask of a catalogue."""

    base: BaseCatalog
    overlay: Overlay

    def row_of(self, product_id: str) -> int | None:
        if product_id in self.overlay.rows:
            return self.overlay.rows[product_id]
        return self.base.row_of(product_id)

    def products(self, rows: Sequence[int] | RowArray) -> list[Product]:
        entries = self.overlay.entries
        return [
            entries[row].product if row in entries else self.base.products([row])[0] for row in map(int, rows)
        ]

    def texts(self, rows: Sequence[int] | RowArray) -> list[str]:
        """What the cross-encoder reads of each product."""
        entries = self.overlay.entries
        asked = [int(row) for row in rows]
        stored = iter(self.base.texts([row for row in asked if row not in entries]))
        return [entries[row].text if row in entries else next(stored) for row in asked]

    def ids(self, rows: Sequence[int] | RowArray) -> list[ProductId]:
        entries = self.overlay.entries
        asked = [int(row) for row in rows]
        stored = iter(self.base.ids([row for row in asked if row not in entries]))
        return [entries[row].product.id if row in entries else next(stored) for row in asked]
