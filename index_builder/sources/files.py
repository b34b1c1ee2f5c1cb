"""What kind of file is this, and its bytes, whether gzipped or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, cast

from engine.errors import DataError

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"
_PEEK = 4096
_KNOWN = "JSONL, CSV, TSV or Parquet, gzipped or not"


class FileKind(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


_SUFFIXES = {
    ".jsonl": FileKind.JSONL,
    ".ndjson": FileKind.JSONL,
    ".json": FileKind.JSONL,
    ".csv": FileKind.CSV,
    ".tsv": FileKind.TSV,
    ".tab": FileKind.TSV,
    ".parquet": FileKind.PARQUET,
    ".pq": FileKind.PARQUET,
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose kind is known. `gzipped` is what its first bytes say, whatever its name says."""

    path: Path
    kind: FileKind
    gzipped: bool


def identify(path: Path) -> Source:
    """Tell a file's kind from its first bytes and its suffix. Raises DataError when neither tells."""
    if not path.exists():
        raise DataError(path, "there is no such file. Check the path.")
    if not path.is_file():
        raise DataError(path, f"this is not a file. Name the {_KNOWN} files themselves.")
    with damage_is_a_data_error(path):
        with path.open("rb") as raw:
            gzipped = raw.read(2) == _GZIP
        with _open(path, gzipped) as stream:
            head = stream.read(_PEEK)
    return Source(path, _kind(path, head), gzipped)


@contextmanager
def open_bytes(source: Source) -> Iterator[IO[bytes]]:
    """The file's bytes, unzipped. A file that turns out damaged or unreadable is a DataError."""
    with damage_is_a_data_error(source.path), _open(source.path, source.gzipped) as stream:
        yield stream


@contextmanager
def damage_is_a_data_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(
            path, f"the gzip data is damaged ({error}). Copy or export the file again."
        ) from error
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror or error}).") from error


def _open(path: Path, gzipped: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if gzipped else path.open("rb")


def _kind(path: Path, head: bytes) -> FileKind:
    if head.startswith(_PARQUET):
        return FileKind.PARQUET
    if not head:
        raise DataError(path, "the file is empty. Export the catalogue again.")
    if head.startswith(_UTF16):
        raise DataError(path, "the file is UTF-16. Save it as UTF-8.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in {".gz", ".gzip"}:
        suffixes.pop()
    kind = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    first = head.removeprefix(_BOM).lstrip()[:1]
    if kind is FileKind.JSONL and first == b"[":
        raise DataError(path, "this is one JSON array. Write one object per line (jq -c '.[]' does that).")
    if kind is FileKind.PARQUET:
        raise DataError(path, "the name says Parquet, but the bytes do not start as Parquet's do (PAR1).")
    if kind is not None:
        return kind
    if first == b"{":
        return FileKind.JSONL
    raise DataError(
        path, f"the kind of file cannot be told. Give {_KNOWN}, named by its kind (.csv, .jsonl.gz)."
    )
