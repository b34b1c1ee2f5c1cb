"""The catalogue of a generation: its products, read where they lie, and their columns.

A folder of Arrow IPC files, uncompressed so that they are used straight from the page cache, and
`products.jsonl`, one product a line. `rows.arrow` has for each row: id, rerank_text, record_stop (the byte
where its line ends) and id_order (row numbers in the order of the ids); the others are `column_tables`.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.backends.arrow_numbers import column_of, numbers
from engine.backends.column_tables import SCHEMAS, TEXT_KINDS
from engine.backends.columns import ColumnStore
from engine.backends.product_record import from_record
from engine.errors import DamagedGenerationError
from engine.types import Product, ProductId, RowArray

Rows: TypeAlias = Sequence[int] | RowArray

MOST_MASKS = 64
"""Filters whose masks are kept, as far as MASK_MEMORY (bytes) goes."""
MASK_MEMORY = 32 << 20

RECORDS = "products.jsonl"
ROWS = "rows"
ROWS_SCHEMA = pa.schema(
    [
        ("id", pa.large_string()),
        ("rerank_text", pa.large_string()),
        ("record_stop", pa.int64()),
        ("id_order", pa.int32()),
    ]
)


def table_path(folder: Path, table: str) -> Path:
    return folder / f"{table}.arrow"


class Catalog:
    """Read-only and safe to share between threads. Row i is the i-th product of the build."""

    def __init__(self, rows: pa.RecordBatch, records: mmap.mmap | bytes, columns: ColumnStore) -> None:
        self.columns = columns
        self._ids = rows.column("id")
        self._rerank_texts = rows.column("rerank_text")
        self._stops: NDArray[np.int64] = numbers(rows.column("record_stop"))
        self._id_order: NDArray[np.int32] = numbers(rows.column("id_order"))
        self._records = records

    @classmethod
    def open(cls, folder: Path) -> Catalog:
        """DamagedGenerationError names the file that is missing, cut or at odds with the others."""
        rows = _read(table_path(folder, ROWS), ROWS_SCHEMA)
        tables = {name: _read(table_path(folder, name), schema) for name, schema in SCHEMAS.items()}
        records = _map(folder / RECORDS)
        end = rows.column("record_stop")[-1].as_py() if len(rows) else 0
        if len(records) != end:
            raise DamagedGenerationError(
                folder / RECORDS, f"has {len(records)} bytes where {ROWS}.arrow expects {end}"
            )
        _refuse_misfits(folder, tables)
        masks = min(MOST_MASKS, MASK_MEMORY // max(1, len(rows)))
        return cls(rows, records, ColumnStore(tables, len(rows), remembered_masks=masks))

    def __len__(self) -> int:
        return len(self._stops)

    def product(self, row: int) -> Product:
        """IndexError when `row` is not in [0, len)."""
        self._refuse_strange(row)
        start = int(self._stops[row - 1]) if row else 0
        return from_record(self._records[start : int(self._stops[row])])

    def products(self, rows: Rows) -> list[Product]:
        return [self.product(int(row)) for row in rows]

    def brands(self, rows: Rows) -> list[str]:
        """In the shop's most frequent spelling, so that "HP" and "hp" are one; "" where there is none."""
        brand = self.columns.field("brand")
        return brand.first_labels(np.asarray(rows, np.int64)) if brand else [""] * len(rows)

    def row_of(self, product_id: str) -> int | None:
        at = bisect_left(range(len(self)), product_id, key=self._id_at)
        return int(self._id_order[at]) if at < len(self) and self._id_at(at) == product_id else None

    def id_of(self, row: int) -> ProductId:
        """IndexError when `row` is not in [0, len)."""
        self._refuse_strange(row)
        return ProductId(self._ids[int(row)].as_py())

    def ids(self, rows: Rows) -> list[ProductId]:
        found: list[ProductId] = self._ids.take(_indices(rows)).to_pylist()
        return found

    def texts(self, rows: Rows) -> list[str]:
        """What the cross-encoder reads of each product."""
        found: list[str] = self._rerank_texts.take(_indices(rows)).to_pylist()
        return found

    def _id_at(self, place: int) -> str:
        """The id that stands at `place` when ids are sorted."""
        found: str = self._ids[int(self._id_order[place])].as_py()
        return found

    def _refuse_strange(self, row: int) -> None:
        if not 0 <= row < len(self._stops):
            raise IndexError(f"row {row} of {len(self._stops)} products")


def _indices(rows: Rows) -> pa.Array:
    return column_of(np.asarray(rows, np.int64))


def _read(path: Path, schema: pa.Schema) -> pa.RecordBatch:
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        batch = reader.get_batch(0)
        batch.validate()
    except FileNotFoundError:
        raise DamagedGenerationError(path, "is missing") from None
    except (OSError, IndexError, ValueError, pa.ArrowException) as error:
        raise DamagedGenerationError(path, f"can not be read as an Arrow file ({error})") from error
    if not batch.schema.equals(schema):
        raise DamagedGenerationError(path, f"has the columns {batch.schema.names}, not {schema.names}")
    return batch


def _map(path: Path) -> mmap.mmap | bytes:
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                return b""  # nothing can be mapped
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise DamagedGenerationError(path, "is missing") from None
    except OSError as error:
        raise DamagedGenerationError(path, f"can not be read ({error.strerror})") from error


def _refuse_misfits(folder: Path, tables: dict[str, pa.RecordBatch]) -> None:
    """The slices that `fields` names have to fill their tables."""
    ends = {"text_entries": 0, "number_entries": 0, "dictionary": 0}
    for entry in tables["fields"].to_pylist():
        table = "text_entries" if entry["kind"] in TEXT_KINDS else "number_entries"
        ends[table] = max(ends[table], entry["stop"])
        ends["dictionary"] = max(ends["dictionary"], entry["first_code"] + entry["code_count"])
    for name, end in ends.items():
        if len(tables[name]) != end:
            raise DamagedGenerationError(
                table_path(folder, name), f"has {len(tables[name])} rows where fields.arrow expects {end}"
            )
