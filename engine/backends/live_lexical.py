"""Products added while a generation serves, found by their words at once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import Any

from tantivy import FieldType, Query

from engine.backends.growing_term_sets import GrowingTermSets, LayeredTermSets
from engine.backends.lexical_document import lexical_document
from engine.backends.lexical_folder import hardlink_into, open_linked
from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.lexical_layout import ROW, LexicalLayout
from engine.backends.lexical_text import everything
from engine.backends.scratch_folder import ScratchFolder
from engine.backends.storage_failure import starved, storage_failures
from engine.backends.term_sets import TermSets
from engine.errors import DamagedGenerationError, FailedPreconditionError
from engine.types import Product

_PREFIX = "cartograph-live-words-"
_ARENA_BYTES = 15_000_000
"""The least that tantivy takes. It touches tables as large as the arena allows at every commit: with 40 MB
one product took 13 ms of the processor instead of 7.
"""
_LAST_ROW = 2**63 - 1


class LiveLexicalIndex:
    """A generation's word index with further documents in the rows from its count on, in one tantivy index,
    so that BM25 counts both. Append-only: a replaced or deleted document is left to the caller's mask, and
    still counts in how many products hold a word, until the generation is built again.

    Nothing of it outlives the process. `add` may be called from any thread, one call runs at a time; each
    snapshot is immutable and searched by any thread, meanwhile and after `close`.
    """

    def __init__(
        self, scratch: ScratchFolder, index: Any, searcher: Any, layout: LexicalLayout, term_sets: TermSets
    ) -> None:
        self._scratch = scratch
        self._index = index
        self._layout = layout
        self._base_terms, self._live_terms = term_sets, GrowingTermSets()
        self._snapshot = TantivyLexicalIndex(searcher, index.schema, layout, term_sets)
        self._writer: Any = None
        self._whole = False
        """Whether there is a writer, and it holds nothing but what the snapshot has."""
        self._adding = Lock()

    @classmethod
    def open(cls, base_folder: Path, scratch: Path | None = None) -> LiveLexicalIndex:
        """Everything is written into a folder of its own inside `scratch` (the system's folder for temporary
        files if None): tantivy syncs 8 to 16 files a commit, so that beside a disk which is slow at that it
        wants to be one in memory. Raises DamagedGenerationError like `TantivyLexicalIndex.open`, StorageError
        and StorageFullError where `scratch` cannot be written.
        """
        with storage_failures(scratch or Path(gettempdir())):
            place = ScratchFolder(_PREFIX, scratch)
        try:
            return cls._open_in(place, base_folder)
        except BaseException as error:
            place.close()
            cause = starved(base_folder) if isinstance(error, DamagedGenerationError) else None
            raise cause or error from error.__cause__

    @classmethod
    def _open_in(cls, place: ScratchFolder, base_folder: Path) -> LiveLexicalIndex:
        layout = LexicalLayout.load(base_folder)
        term_sets = TermSets.open(base_folder)
        with storage_failures(place.path):
            hardlink_into(place.path, base_folder)
        index, searcher = open_linked(place.path, base_folder, layout)
        return cls(place, index, searcher, layout, term_sets)

    @property
    def snapshot(self) -> TantivyLexicalIndex:
        """The generation's products and all that were added so far."""
        return self._snapshot

    def add(self, products: Sequence[Product]) -> TantivyLexicalIndex:
        """Append them at the next rows, all or none, and return the snapshot that first has them. Raises
        FailedPreconditionError when they cannot be written; the same call may be made again.
        """
        with self._adding:
            if products:
                words = [everything(product, self._layout.weights) for product in products]
                first = len(self._snapshot)
                try:
                    searcher = self._commit(first, products, words)
                except (ValueError, OSError) as problem:
                    raise FailedPreconditionError(
                        f"The words of {len(products)} changed products could not be written into "
                        f"{self._scratch.path} ({problem}). Look for a full disk or too few file handles, "
                        "and make the change again.",
                        folder=self._scratch.path,
                    ) from problem
                self._live_terms.extend(words)
                self._snapshot = self._seen(searcher, first + len(products))
            return self._snapshot

    def close(self) -> None:
        """Remove what was written. Snapshots stay usable, further products are refused."""
        with self._adding:
            writer, self._writer, self._whole = self._writer, None, False
            if writer is not None:
                with suppress(ValueError):  # a writer that failed has none
                    writer.wait_merging_threads()  # they write into the folder
            self._scratch.close()

    def _commit(self, first: int, products: Sequence[Product], words: Sequence[Sequence[str]]) -> Any:
        if not self._whole:
            self._writer = None  # a failed commit goes with it, and so does its lock
            self._writer = self._index.writer(_ARENA_BYTES, 1)  # one thread: rows stay in order
            # What was written though the call failed (no file handle was left to read it, say).
            later = Query.range_query(self._index.schema, ROW, FieldType.Unsigned, first, _LAST_ROW)
            self._writer.delete_documents_by_query(later)
        self._whole = False
        for row, (product, own) in enumerate(zip(products, words, strict=True), first):
            self._writer.add_document(lexical_document(row, product, own))
        self._writer.commit()
        self._index.reload()
        searcher = self._index.searcher()
        self._whole = True
        return searcher

    def _seen(self, searcher: Any, count: int) -> TantivyLexicalIndex:
        base = self._layout.count
        term_sets = LayeredTermSets(self._base_terms, base, self._live_terms.view())
        # Tantivy goes through segments from the largest on, and merges them in that order: among equals it
        # names the generation's rows first while they are the larger part.
        in_order = base if count - base < base else 0
        layout = LexicalLayout(count, self._layout.weights)
        return TantivyLexicalIndex(searcher, self._index.schema, layout, term_sets, in_order)
