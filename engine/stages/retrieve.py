"""Stage 3: what every source must be able to do; filters act inside each of them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from engine.deadline import Deadline
from engine.types import Candidates, FloatArray, Mask, PastQuery, RowArray


class Source(StrEnum):
    """A place that candidates come from; its value names the part of a score that it gave."""

    LEXICAL = "lexical"
    DENSE = "dense"
    GRAPH = "graph"
    PAST_QUERIES = "past_queries"


class QueryEncoder(Protocol):
    """Embeds text as rows of length 1 (L2), float32 (n, dimension)."""

    @property
    def dimension(self) -> int: ...

    def encode_queries(self, texts: Sequence[str], deadline: Deadline | None = None) -> FloatArray: ...


class VectorIndex(Protocol):
    """Nearest rows by inner product of unit vectors (cosine), higher is better."""

    @property
    def dimension(self) -> int: ...

    def __len__(self) -> int: ...

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        """One `Candidates` for each row of `vectors` (n, dimension). `mask` has one flag per row of the
        index; masked rows are never returned and never cost another row its place. When the mask leaves
        few rows, the search is exact over just those.
        """
        ...

    def vectors(self, rows: RowArray) -> FloatArray:
        """The stored embeddings of rows (n, dimension), as the index holds them (maybe quantised)."""
        ...


class LexicalIndex(Protocol):
    """BM25 over title, brand, attributes and description."""

    def search(
        self,
        text: str,
        limit: int,
        *,
        expansions: Sequence[tuple[str, float]] = (),
        mask: Mask | None = None,
    ) -> Candidates:
        """`text` is the shopper's (corrected) query; `expansions` are extra phrases, each with its boost in
        (0, 1), that help products which hold them but are not required. The mask works as in VectorIndex.
        """
        ...

    def held(self, words: Sequence[str], rows: RowArray) -> FloatArray:
        """How much of each word each product holds: float32 (words, rows) in [0, 1], mostly 0 or 1."""
        ...


class PastQueries(Protocol):
    """The texts behind the query index: row i of that index is past query i."""

    def __len__(self) -> int: ...

    def get(self, row: int) -> PastQuery: ...

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        """Past queries that start with the normalised prefix, the most asked first."""
        ...
