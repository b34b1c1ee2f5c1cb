"""Which words of a product's text its statements were read from: the builder's table, sorted by product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.backends.arrow_numbers import numbers
from engine.errors import DamagedGenerationError

EVIDENCE = "evidence.arrow"
_COLUMNS = ("entity", "field", "start", "end", "label", "extractor", "confidence", "relation")


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """Characters `[start, end)` of a product's `field` ("title", "description") name `entity`, a place in the
    graph's tables. `relation` is empty for what the product is itself.
    """

    entity: int
    field: str
    start: int
    end: int
    label: str
    extractor: str
    confidence: float
    relation: str


class GraphEvidence:
    """Memory-mapped, read-only and safe to share between threads."""

    def __init__(self, table: pa.Table | None) -> None:
        """None: nothing was read from texts."""
        self._table = table
        self._products: np.ndarray[Any, np.dtype[np.int32]] = (
            np.empty(0, np.int32) if table is None else numbers(table.column("product"))
        )

    @classmethod
    def open(cls, folder: Path) -> GraphEvidence:
        """Without the file there is none. Raises DamagedGenerationError for one that cannot be read."""
        path = folder / EVIDENCE
        if not path.exists():
            return cls(None)
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DamagedGenerationError(path, "is not an Arrow file of evidence") from error
        missing = {"product", *_COLUMNS} - set(table.schema.names)
        if missing:
            raise DamagedGenerationError(path, f"lacks the columns {sorted(missing)}")
        return cls(table)

    def of_product(self, row: int) -> list[EvidenceLine]:
        """By place in the product's text."""
        if self._table is None:
            return []
        start, stop = np.searchsorted(self._products, [row, row + 1])
        lines = self._table.slice(int(start), int(stop - start)).select(_COLUMNS).to_pylist()
        return [EvidenceLine(**line) for line in lines]
