"""Writes rows in every format a shop may bring."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Rows = Sequence[Mapping[str, Any]]


def as_jsonl(rows: Rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_parquet(rows: Rows) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.BytesIO()
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), stream)
    return stream.getvalue()


def as_csv(rows: Rows) -> bytes:
    return _delimited(rows, "excel")


def as_tsv(rows: Rows) -> bytes:
    return _delimited(rows, "excel-tab")


WRITERS: Mapping[str, Callable[[Rows], bytes]] = {
    ".jsonl": as_jsonl,
    ".csv": as_csv,
    ".tsv": as_tsv,
    ".parquet": as_parquet,
}
SUFFIXES = (*WRITERS, *(f"{suffix}.gz" for suffix in WRITERS))


def write(folder: Path, suffix: str, rows: Rows) -> Path:
    path = folder / f"catalogue{suffix}"
    content = WRITERS[suffix.removesuffix(".gz")](rows)
    path.write_bytes(gzip.compress(content, mtime=0) if suffix.endswith(".gz") else content)
    return path


def _delimited(rows: Rows, dialect: str) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, dialect=dialect)
    writer.writerow(names)
    writer.writerows([_cell(name, row.get(name)) for name in names] for row in rows)
    return stream.getvalue().encode()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return (" > " if name == "category" else "|").join(value)
    return str(value)
