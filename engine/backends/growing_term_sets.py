"""Term sets of documents that come one after another, beside those of a generation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.backends.term_sets import TermSets, hashes
from engine.types import RowArray

_FIRST_TERMS, _FIRST_ROWS = 4096, 64
_Kind = TypeVar("_Kind", np.uint32, np.int64)


class GrowingTermSets:
    """Arrays that double when they are full. What `view` gave out sees its own prefix for ever: entries are
    written once, behind it, or into a larger array that it does not know. One writer at a time.
    """

    def __init__(self) -> None:
        self._terms = np.empty(_FIRST_TERMS, np.uint32)
        self._stops = np.empty(_FIRST_ROWS, np.int64)
        self._rows = self._used = 0

    def extend(self, rows: Iterable[Sequence[str]]) -> None:
        """Append the words of one row after another; repeats count once."""
        for words in rows:
            hashed = hashes(words)
            stop = self._used + len(hashed)
            self._terms, self._stops = _fitting(self._terms, stop), _fitting(self._stops, self._rows + 1)
            self._terms[self._used : stop] = hashed
            self._stops[self._rows] = stop
            self._rows, self._used = self._rows + 1, stop

    def view(self) -> TermSets:
        """The rows so far, uncopied."""
        return TermSets(self._terms[: self._used], self._stops[: self._rows])


class LayeredTermSets:
    """Fits `TermHoldings`. Rows below `count` are the generation's, those from there on the live ones."""

    def __init__(self, base: TermSets, count: int, live: TermSets) -> None:
        self._base, self._count, self._live = base, count, live

    def holds(self, terms: Sequence[str], rows: RowArray) -> NDArray[np.bool_]:
        """See `TermSets.holds`."""
        late = rows >= self._count
        if not late.any():
            return self._base.holds(terms, rows)
        found = np.empty((len(terms), len(rows)), bool)
        found[:, ~late] = self._base.holds(terms, rows[~late])
        found[:, late] = self._live.holds(terms, rows[late] - self._count)
        return found


def _fitting(array: NDArray[_Kind], size: int) -> NDArray[_Kind]:
    if size <= len(array):
        return array
    larger = np.empty(max(size, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger
