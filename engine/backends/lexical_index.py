"""Products by the words they hold: BM25 in a tantivy index that `index_builder.lexical` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tantivy import Index

from engine.backends.lexical_layout import CODES, EVERYTHING, LAYOUT_FILE, ROW, TITLE, LexicalLayout
from engine.backends.lexical_query import MOST_TERMS, LexicalQueryBuilder
from engine.backends.lexical_terms import unique_terms
from engine.backends.term_sets import TermSets
from engine.errors import DamagedGenerationError
from engine.types import Candidates, FloatArray, Mask, RowArray

_DEPTH_SPARE = 1.5
_ROWS_PER_HIT = 1 / 6
"""Naming one allowed row to tantivy costs six times as much as reading one hit too many (measured)."""


class TantivyLexicalIndex:
    """Fits `LexicalIndex`. Safe to search from several threads at once; never writes into its folder."""

    def __init__(self, searcher: Any, schema: Any, layout: LexicalLayout, term_sets: TermSets) -> None:
        self._searcher = searcher
        self._layout = layout
        self._term_sets = term_sets
        self._queries = LexicalQueryBuilder(schema, searcher, layout.weights)

    @classmethod
    def open(cls, folder: Path) -> TantivyLexicalIndex:
        """Map the index into memory. Raises DamagedGenerationError when a file is missing or cut short."""
        layout = LexicalLayout.load(folder)
        try:
            index, searcher = _open_mapped(folder)
            # An empty query of each field touches what a real one needs, so that damage shows now.
            for name in (EVERYTHING, TITLE, CODES):
                searcher.doc_freq(name, "")
        except (ValueError, OSError, KeyError) as problem:
            raise DamagedGenerationError(folder, f"holds no complete word index ({problem})") from problem
        if searcher.num_docs != layout.count:
            counts = f"speaks of {layout.count} products, but the index beside it holds {searcher.num_docs}"
            raise DamagedGenerationError(folder / LAYOUT_FILE, counts)
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
        found = self._searcher.search(query, limit=min(limit, len(self)) + 1, count=False).hits
        if not found:
            return Candidates.none()
        scores = np.fromiter((score for score, _ in found), np.float32, len(found))
        rows = np.array(self._searcher.fast_field_values(ROW, [place for _, place in found]), np.int64)
        return Candidates.ranked(rows, scores, limit=limit)


def _open_mapped(folder: Path) -> tuple[Any, Any]:
    """Tantivy puts lock files beside an index that it opens. Links in a folder of our own keep the generation
    untouched, also on a read-only disk; once the files are mapped the links are not needed any more.
    """
    with TemporaryDirectory(prefix="cartograph-lexical-") as place:
        for file in folder.iterdir():
            if not file.name.endswith(".lock"):
                (Path(place) / file.name).symlink_to(file.resolve())
        index = Index.open(place)
        index.config_reader(reload_policy="manual")  # no thread that watches for changes: there are none
        return index, index.searcher()
