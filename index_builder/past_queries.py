"""Build the query index: past queries, merged where they are the same, and their embeddings' index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.backends.past_queries import (
    QUERIES_FILE,
    QUERIES_SCHEMA,
    STARTS_FILE,
    STARTS_SCHEMA,
    VECTORS_FOLDER,
)
from engine.text import normalise, word_starts
from engine.types import FloatArray, PastQuery
from index_builder.vectors import VectorIndexReport, build_vector_index


@dataclass(frozen=True, slots=True)
class PastQueriesReport:
    """`merged_count` queries were another spelling of an earlier one; `empty_count` held no text at all."""

    query_count: int
    merged_count: int
    empty_count: int
    vectors: VectorIndexReport


@dataclass(slots=True)
class _Merged:
    """One query under its normalised text. `source` is the input row whose embedding stands for it."""

    source: int
    count: int = 0
    rows: dict[int, None] = field(default_factory=dict)


def build_past_queries(
    queries: Sequence[PastQuery],
    vectors: FloatArray,
    folder: Path,
    *,
    target_recall: float = 0.95,
    seed: int = 0,
    threads: int = 1,
    encoder: str = "",
) -> PastQueriesReport:
    """Write the past queries and the index of their embeddings, `vectors` (len(queries), d), into `folder`.

    Queries that are the same once normalised become one, at the place of the first: counts are added, rows
    are joined in order of appearance. `encoder` is the fingerprint of what made the vectors. Raises
    ValueError when the two lengths differ or a count is below 1.
    """
    if len(queries) != len(vectors):
        raise ValueError(f"There are {len(queries)} past queries, but {len(vectors)} embeddings.")
    merged = _merge(queries)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / QUERIES_FILE, _queries_table(merged))
    _write(folder / STARTS_FILE, _starts_table(list(merged)))
    sources = [query.source for query in merged.values()]
    report = build_vector_index(
        vectors[sources],
        folder / VECTORS_FOLDER,
        target_recall=target_recall,
        seed=seed,
        threads=threads,
        encoder=encoder,
    )
    empty = sum(1 for query in queries if not normalise(query.text))
    return PastQueriesReport(len(merged), len(queries) - empty - len(merged), empty, report)


def _merge(queries: Sequence[PastQuery]) -> dict[str, _Merged]:
    merged: dict[str, _Merged] = {}
    for source, query in enumerate(queries):
        if query.count < 1:
            raise ValueError(
                f"The past query {query.text!r} was asked {query.count} times; at least 1 is needed."
            )
        text = normalise(query.text)
        if text:
            entry = merged.setdefault(text, _Merged(source))
            entry.count += query.count
            entry.rows.update(dict.fromkeys(query.rows.tolist()))
    return merged


def _queries_table(merged: dict[str, _Merged]) -> pa.Table:
    texts, counts = list(merged), [query.count for query in merged.values()]
    by_popularity = sorted(range(len(texts)), key=lambda row: (-counts[row], texts[row]))
    popularity = np.empty(len(texts), np.int32)
    popularity[by_popularity] = np.arange(len(texts), dtype=np.int32)
    rows = [list(query.rows) for query in merged.values()]
    return pa.table([texts, counts, rows, popularity], schema=QUERIES_SCHEMA)


def _starts_table(texts: Sequence[str]) -> pa.Table:
    starts = [(text[offset:], row, offset) for row, text in enumerate(texts) for offset in word_starts(text)]
    starts.sort()
    return pa.table(
        [[row for _, row, _ in starts], [offset for _, _, offset in starts]], schema=STARTS_SCHEMA
    )


def _write(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
