"""Apache Parquet, through pyarrow, a batch of rows at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import DataError
from index_builder.sources.files import Source, damage_is_a_data_error, open_bytes
from index_builder.sources.rows import BadRow, Problem, RawRow

_BATCH_ROWS = 1024


def read_parquet(source: Source) -> Iterator[RawRow | BadRow]:
    """`line` is the row number from 1. A gzipped Parquet file is unzipped into memory first."""
    number = 0
    with _arrow_errors(source), _opened(source) as table:
        _refuse_repeated_columns(source, table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=_BATCH_ROWS):
            for values in _values(batch):
                number += 1
                yield _row(source, number, values)


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    with pq.ParquetFile(_unzipped(source) if source.gzipped else source.path) as table:
        yield table


def _unzipped(source: Source) -> IO[bytes]:
    with open_bytes(source) as stream:
        return io.BytesIO(stream.read())


@contextmanager
def _arrow_errors(source: Source) -> Iterator[None]:
    with damage_is_a_data_error(source.path):
        try:
            yield
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise _damaged(source, error) from error
        except OSError as error:
            if error.strerror:  # the system's own; Arrow raises OSError for damaged data too
                raise
            raise _damaged(source, error) from error


def _damaged(source: Source, error: Exception) -> DataError:
    first_line = str(error).partition("\n")[0]
    return DataError(source.path, f"the Parquet data is damaged ({first_line}). Export it again.")


def _refuse_repeated_columns(source: Source, names: list[str]) -> None:
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise DataError(source.path, f"two columns are called {min(repeated)!r}. Rename one.")


def _values(batch: Any) -> Iterator[dict[str, Any] | Exception]:
    """Whole batches where that works; else cell by cell, so that only the unreadable rows are lost."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        for index in range(batch.num_rows):
            try:
                yield batch.slice(index, 1).to_pylist()[0]
            except (ValueError, OverflowError, pa.ArrowException) as error:
                yield error


def _row(source: Source, number: int, values: dict[str, Any] | Exception) -> RawRow | BadRow:
    if isinstance(values, Exception):
        reason = f"a value cannot be read: {str(values).partition(chr(10))[0]}"
        return BadRow(source.path, number, Problem.UNREADABLE_ROW, reason, "")
    return RawRow(source.path, number, values, typed=True)
