"""The bytes of a taxonomy's or an ontology's file, gzipped or not."""

from __future__ import annotations

import gzip
from pathlib import Path

from index_builder.sources.files import damage_is_a_data_error

_GZIP = b"\x1f\x8b"


def read_unzipped(path: Path) -> bytes:
    """Told by the first bytes, whatever the name says. Raises DataError for damaged gzip data."""
    with damage_is_a_data_error(path):
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP) else content
