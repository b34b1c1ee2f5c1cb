"""What shoppers asked before: the texts behind the query index, and suggestions while one is typing.

A folder holds `queries.arrow` (row i is past query i: text, count, rows), `starts.arrow` (every place in
those texts where a word begins, sorted by the text from there on) and `vectors/`, the index over their
embeddings.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.backends.arrow_numbers import numbers
from engine.errors import DamagedGenerationError
from engine.text import typed
from engine.types import PastQuery, RowArray

QUERIES_FILE = "queries.arrow"
STARTS_FILE = "starts.arrow"
VECTORS_FOLDER = "vectors"
QUERIES_SCHEMA = pa.schema(
    [("text", pa.string()), ("count", pa.int64()), ("rows", pa.list_(pa.int64())), ("popularity", pa.int32())]
)
"""`popularity` ranks the queries from 0: the most asked first, ties by text."""
STARTS_SCHEMA = pa.schema([("row", pa.int32()), ("offset", pa.int32())])
_PAST_EVERY_CHARACTER = "\U0010ffff"


class PastQueryStore:
    """Fits `PastQueries`. Mapped into memory, never changed, safe to read from several threads."""

    def __init__(self, queries: pa.Table, starts: pa.Table) -> None:
        self._texts = queries["text"].combine_chunks()
        self._counts = queries["count"].combine_chunks()
        rows = queries["rows"].combine_chunks()
        self._rows: RowArray = numbers(rows.values)
        self._stops = numbers(rows.offsets)
        self._popularity = numbers(queries["popularity"])
        self._start_rows = numbers(starts["row"])
        self._start_offsets = numbers(starts["offset"])

    @classmethod
    def open(cls, folder: Path) -> PastQueryStore:
        """Raises DamagedGenerationError when a file is missing, cut short or of another shape."""
        queries = _mapped(folder / QUERIES_FILE, QUERIES_SCHEMA)
        starts = _mapped(folder / STARTS_FILE, STARTS_SCHEMA)
        return cls(queries, starts)

    def __len__(self) -> int:
        return len(self._texts)

    def get(self, row: int) -> PastQuery:
        """Raises IndexError outside `0 <= row < len(self)`."""
        if not 0 <= row < len(self):
            raise IndexError(f"Past queries go from 0 to {len(self) - 1}, not {row}.")
        rows = self._rows[self._stops[row] : self._stops[row + 1]]
        return PastQuery(self._texts[row].as_py(), self._counts[row].as_py(), rows)

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        """At most `limit` past queries, different ones: those that start with the prefix, the most asked
        first, then those in which a later word (or Chinese character) does. A blank at the prefix's end
        closes its last word.
        """
        begun = typed(prefix)
        if not begun or limit <= 0:
            return []
        first = bisect_left(range(len(self._start_rows)), begun, key=self._from)
        end = bisect_left(
            range(len(self._start_rows)), begun + _PAST_EVERY_CHARACTER, lo=first, key=self._from
        )
        rows, offsets = self._start_rows[first:end], self._start_offsets[first:end]
        at_start = self._most_asked(rows[offsets == 0], limit)
        # Only a prefix with few matches at the start needs the others, and any start is in `at_start`.
        missing = limit - len(at_start)
        inside = self._most_asked(np.setdiff1d(rows, at_start), missing) if missing else at_start[:0]
        return [self.get(int(row)) for row in (*at_start, *inside)]

    def _most_asked(self, rows: Any, limit: int) -> Any:
        ranks = self._popularity[rows]
        if len(rows) > limit:  # most of a one-letter prefix's matches need no sorting
            rows = rows[np.argpartition(ranks, limit)[:limit]]
            ranks = self._popularity[rows]
        return rows[np.argsort(ranks)]

    def _from(self, start: int) -> str:
        text: str = self._texts[int(self._start_rows[start])].as_py()
        return text[int(self._start_offsets[start]) :]


def _mapped(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
    except FileNotFoundError as missing:
        raise DamagedGenerationError(path, "is missing") from missing
    except (pa.ArrowException, OSError) as problem:
        raise DamagedGenerationError(path, "is cut short or no Arrow file") from problem
    if table.schema != schema:
        raise DamagedGenerationError(path, f"has the columns {table.schema.names}, not {schema.names}")
    return table
