"""The columns of a generation with those of its live changes over them, as one catalogue."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.backends.column_tables import TEXT_KINDS
from engine.backends.columns import ColumnStore, StoredColumn
from engine.backends.live_columns import LiveColumns
from engine.types import Mask, RowArray


@dataclass(frozen=True, slots=True)
class _LiveRows:
    """Which rows are live: entry `entries[i]` stands at row `ordered[i]`, ascending. Of the others, the first
    `base_size` are the base's.
    """

    base_size: int
    ordered: RowArray
    entries: NDArray[np.int64]

    @classmethod
    def of(cls, rows: RowArray, base_size: int, size: int) -> Self:
        entries = np.argsort(rows)
        ordered = rows[entries]
        if np.any(ordered[1:] == ordered[:-1]):
            raise ValueError("two live entries stand at one row")
        if size < base_size or (len(ordered) and not 0 <= ordered[0] <= ordered[-1] < size):
            raise ValueError(f"live rows beyond {size} rows, or less of these than the base's {base_size}")
        return cls(base_size, ordered, entries)

    def split(self, rows: RowArray) -> tuple[Mask, Mask, RowArray]:
        """Which of `rows` are the base's, which are live, and the entries of the latter."""
        if not len(self.ordered):
            return rows < self.base_size, np.zeros(len(rows), np.bool_), self.entries
        at = np.searchsorted(self.ordered, rows)
        at[at == len(self.ordered)] = 0
        live = self.ordered[at] == rows
        return (rows < self.base_size) & ~live, live, self.entries[at[live]]


class LayeredColumn:
    """One field; fits the stages' `Column`.

    The place of a text that the base knows is its code there. Any other lies between the codes of its
    neighbours there, at the fraction (code + 1) / (codes + 1) by its code among the live texts, which are in
    order as well. That is exact while the base's texts times the live ones are less than 2^51.
    """

    def __init__(self, base: StoredColumn, live: StoredColumn, rows: _LiveRows) -> None:
        if live.kind is not base.kind:
            raise ValueError(
                f"{base.kind.value} values in the base, {live.kind.value} values among live entries"
            )
        self.kind = base.kind
        self._base = base
        self._live = live
        self._rows = rows
        self._places = np.full(live.code_count, np.nan)  # found when first asked for

    def values_of(self, rows: RowArray) -> tuple[NDArray[Any], int]:
        of_base, _, entries = self._rows.split(rows)
        values, with_value = self._base.values_of(rows[of_base])
        if not len(entries):
            return values, with_value
        live_values, live_with_value = self._live.values_of(entries)
        together = np.concatenate([values, self._placed(live_values)])
        return together, with_value + live_with_value

    def first_values(self, rows: RowArray) -> NDArray[np.float64]:
        of_base, is_live, entries = self._rows.split(rows)
        found = np.full(len(rows), np.nan)
        found[of_base] = self._base.first_values(rows[of_base])
        if len(entries):
            found[is_live] = self._placed(self._live.first_values(entries))
        return found

    def first_labels(self, rows: RowArray) -> list[str]:
        """As those of a StoredColumn. For text and paths only."""
        of_base, is_live, entries = self._rows.split(rows)
        found = np.full(len(rows), "", np.object_)
        found[of_base] = self._base.first_labels(rows[of_base])
        places = self._placed(self._live.first_values(entries)).tolist()
        found[is_live] = ["" if np.isnan(place) else self.label(place) for place in places]
        labels: list[str] = found.tolist()
        return labels

    def label(self, place: float) -> str:
        below = floor(place)
        if place == below:
            return self._base.label(place)
        return self._live.label(round((place - below) * (self._live.code_count + 1)) - 1)

    def _placed(self, values: NDArray[Any]) -> NDArray[Any]:
        """Live codes as places; NaN stays, and so do values that are no texts."""
        if self.kind not in TEXT_KINDS:
            return values
        places = values.astype(np.float64)
        has_value = ~np.isnan(places)
        codes = places[has_value].astype(np.int32)
        for code in np.unique(codes[np.isnan(self._places[codes])]).tolist():
            self._places[code] = self._place_of(code)
        places[has_value] = self._places[codes]
        return places

    def _place_of(self, code: int) -> float:
        at, found = self._base.find(self._live.text(code))
        return at if found else at - 1 + (code + 1) / (self._live.code_count + 1)


class LayeredColumns:
    """All fields of `size` rows; fits the stages' `Columns`. Entry k of `live` stands at row
    `rows_of_live[k]` (int64, unique), in place of the base's product where the base has that row. Those that
    are neither the base's nor live have no value and pass no filter.

    A field has the base's kind, and `live` is made so. Making one takes time by the live entries, not by the
    base. ValueError when the rows do not fit.
    """

    def __init__(
        self, base: ColumnStore, live: LiveColumns | ColumnStore, rows_of_live: RowArray, size: int
    ) -> None:
        if len(live) != len(rows_of_live):
            raise ValueError(f"{len(live)} live entries for {len(rows_of_live)} rows")
        self._base = base
        self._live = live
        self._rows_of_live = rows_of_live
        self._rows = _LiveRows.of(rows_of_live, len(base), size)
        self._size = size
        self._columns: dict[str, LayeredColumn] = {}

    def __len__(self) -> int:
        return self._size

    def names(self) -> Sequence[str]:
        return sorted({*self._base.names(), *self._live.names()})

    def field(self, name: str) -> LayeredColumn | None:
        column = self._columns.get(name)
        if column is None:
            base, live = self._base.field(name), self._live.field(name)
            known = base or live
            if known is None:
                return None
            absent = StoredColumn.empty(known.kind)
            column = LayeredColumn(base or absent, live or absent, self._rows)
            column = self._columns.setdefault(name, column)
        return column

    def mask(self, condition: Hashable, holds: Callable[[LiveColumns | ColumnStore], Mask]) -> Mask:
        mask = np.empty(self._size, np.bool_)
        mask[: len(self._base)] = self._base.mask(condition, holds)
        mask[len(self._base) :] = False
        mask[self._rows_of_live] = holds(self._live)
        return mask
