"""One way in for every format: `read_rows`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from engine.errors import DataError
from index_builder.sources.delimited import read_csv, read_tsv
from index_builder.sources.files import FileKind, Source, identify
from index_builder.sources.json_lines import read_json_lines
from index_builder.sources.parquet import read_parquet
from index_builder.sources.rows import BadRow, RawRow

Reader = Callable[[Source], Iterator[RawRow | BadRow]]

_READERS: Mapping[FileKind, Reader] = {
    FileKind.JSONL: read_json_lines,
    FileKind.CSV: read_csv,
    FileKind.TSV: read_tsv,
    FileKind.PARQUET: read_parquet,
}


def read_rows(path: Path) -> Iterator[RawRow | BadRow]:
    """Stream a file's records in order; a malformed record becomes a BadRow and the reading goes on.

    Raises DataError when the file is missing, damaged, of unknown kind or without a row.
    """
    source = identify(path)
    empty = True
    for row in _READERS[source.kind](source):
        empty = False
        yield row
    if empty:
        raise DataError(path, "the file holds no rows. Export the catalogue again.")
