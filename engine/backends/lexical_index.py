"""Products by the words they hold: BM25 in a tantivy index that `index_builder.lexical` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.backends.lexical_folder import open_linked, symlink_into
from engine.backends.lexical_layout import ROW, LexicalLayout
from engine.backends.lexical_query import MOST_TERMS, LexicalQueryBuilder
from engine.backends.lexical_terms import unique_terms
from engine.backends.term_sets import TermSets
from engine.types import Candidates, FloatArray, Mask, RowArray

_DEPTH_SPARE = 1.5
_ROWS_PER_HIT = 1 / 6
"""Naming one allowed row to tantivy costs six times as much as reading one hit too many (measured)."""


class TermHoldings(Protocol):
    """Which words each product holds."""

    def holds(self, terms: Sequence[str], rows: RowArray) -> NDArray[np.bool_]:
        """Whether each row holds each of the `terms`: (terms, rows)."""
        ...


class TantivyLexicalIndex:
    """Fits `LexicalIndex`. Safe to search from several threads at once; never writes into its folder."""

    def __init__(
        self,
        searcher: Any,
        schema: Any,
        layout: LexicalLayout,
        term_sets: TermHoldings,
        in_order: int | None = None,
    ) -> None:
        """Of equal hits, tantivy names those below row `in_order` first and by row; None: all of them."""
        self._searcher = searcher
        self._layout = layout
        self._term_sets = term_sets
        self._in_order = layout.count if in_order is None else in_order
        self._queries = LexicalQueryBuilder(schema, searcher, layout.weights)

    @classmethod
    def open(cls, folder: Path) -> TantivyLexicalIndex:
        """Map the index into memory. Raises DamagedGenerationError when a file is missing or cut short."""
        layout = LexicalLayout.load(folder)
        with TemporaryDirectory(prefix="cartograph-lexical-") as place:
            symlink_into(Path(place), folder)
            index, searcher = open_linked(Path(place), folder, layout)
        return cls(searcher, index.schema, layout, TermSets.open(folder))

    def __len__(self) -> int:
        return self._layout.count

    def search(
        self,
        text: str,
        limit: int,
        *,
        expansions: Sequence[tuple[str, float]] = (),
        mask: Mask | None = None,
    ) -> Candidates:
        """See `LexicalIndex`. A product needs to hold one word of the text, or all words of one expansion.
        Raises ValueError when the mask has another length than the index.
        """
        query = self._queries.build(text, expansions) if limit > 0 else None
        if query is None:
            return Candidates.none()
        if mask is None:
            return self._hits(query, limit)
        return self._masked(query, limit, mask)

    def held(self, words: Sequence[str], rows: RowArray) -> FloatArray:
        """See `LexicalIndex`. A word that is cut into several terms is held by the share of them."""
        cut = [unique_terms(word, MOST_TERMS) for word in words]
        terms = list(dict.fromkeys(term for each in cut for term in each))[:MOST_TERMS]
        places = {term: place for place, term in enumerate(terms)}
        holds = self._term_sets.holds(terms, rows)
        found = np.zeros((len(words), len(rows)), np.float32)
        for place, each in enumerate(cut):
            own = [places[term] for term in each if term in places]
            if own:
                found[place] = holds[own].sum(axis=0, dtype=np.float32) / np.float32(len(each))
        return found

    def _masked(self, query: Any, limit: int, mask: Mask) -> Candidates:
        if mask.shape != (len(self),):
            raise ValueError(f"The mask has the shape {mask.shape}, the index {len(self)} rows.")
        passing = int(np.count_nonzero(mask))
        if not passing:
            return Candidates.none()
        # Name the allowed rows while that is cheaper than reading hits and dropping the masked ones.
        if passing <= sqrt(_ROWS_PER_HIT * limit * len(self)):
            return self._hits(self._queries.restricted(query, np.flatnonzero(mask)), limit)
        depth = ceil(_DEPTH_SPARE * limit * len(self) / passing)
        while True:
            found = self._hits(query, depth)
            kept = mask[found.rows]
            if found.complete or np.count_nonzero(kept) > limit:
                return Candidates.ranked(
                    found.rows[kept], found.scores[kept], limit=limit, complete=found.complete
                )
            depth *= 4

    def _hits(self, query: Any, limit: int) -> Candidates:
        """One hit more than wanted is asked for: it tells whether there are more."""
        depth = min(limit, len(self)) + 1
        while True:
            found = self._searcher.search(query, limit=depth, count=False).hits
            if not found:
                return Candidates.none()
            rows = np.array(self._searcher.fast_field_values(ROW, [place for _, place in found]), np.int64)
            scores = np.fromiter((score for score, _ in found), np.float32, len(found))
            if len(found) < depth or scores[limit - 1] > scores[-1] or rows[-1] < self._in_order:
                return Candidates.ranked(rows, scores, limit=limit)
            depth = min(4 * depth, len(self) + 1)  # cut among equals: those left out may have lower rows
