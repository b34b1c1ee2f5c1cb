"""Writes the catalogue of a generation, as `engine.backends.catalog` reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from engine.backends.catalog import RECORDS, ROWS, ROWS_SCHEMA, table_path
from engine.backends.column_tables import column_tables
from engine.backends.product_record import to_record
from engine.types import ColumnKind, Product


def write_catalog(
    products: Sequence[Product],
    rerank_texts: Sequence[str],
    folder: Path,
    kinds: Mapping[str, ColumnKind] = MappingProxyType({}),
) -> None:
    """Row i is `products[i]`, and `rerank_texts[i]` what the cross-encoder reads of it; fields that `kinds`
    names keep their kind. The folder is made.

    The same products and texts give the same bytes. ValueError when an id stands twice or the texts are not
    as many as the products: cleaning has to see to both, and to texts being valid Unicode.
    """
    if len(rerank_texts) != len(products):
        raise ValueError(f"{len(rerank_texts)} rerank texts for {len(products)} products")
    _refuse_repeated_ids(products)
    folder.mkdir(parents=True, exist_ok=True)
    stops = _write_records(products, folder / RECORDS)
    ids = [product.id for product in products]
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int32)
    columns = zip((ids, rerank_texts, stops, order), ROWS_SCHEMA.types, strict=True)
    rows = pa.record_batch([pa.array(column, kind) for column, kind in columns], schema=ROWS_SCHEMA)
    for name, table in {ROWS: rows, **column_tables(products, kinds=kinds)}.items():
        _write_table(table, table_path(folder, name))


def _write_records(products: Sequence[Product], path: Path) -> list[int]:
    """The byte where each line ends, its line break included."""
    stops, position = [], 0
    with path.open("wb") as file:
        for product in products:
            position += file.write(to_record(product) + b"\n")
            stops.append(position)
    return stops


def _write_table(table: pa.RecordBatch, path: Path) -> None:
    with path.open("wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_batch(table)


def _refuse_repeated_ids(products: Sequence[Product]) -> None:
    for product_id, count in Counter(product.id for product in products).most_common(1):
        if count > 1:
            raise ValueError(f"{count} products have the id {product_id!r}")
