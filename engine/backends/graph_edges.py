"""Statements between nodes that are not certain, or tie products to products, each with its confidence.

One Arrow file, sorted by subject and memory-mapped, so that the edges of a node are found by binary search
and a million of them cost no memory. RDF holds the same statements, but cannot say how sure they are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from engine.backends.arrow_numbers import numbers
from engine.errors import DamagedGenerationError

EDGES = "edges.arrow"
_WORDS = pa.dictionary(pa.int16(), pa.string())
_SCHEMA = pa.schema(
    [
        ("subject", pa.large_string()),
        ("predicate", _WORDS),
        ("object", pa.large_string()),
        ("source", _WORDS),
        ("confidence", pa.float32()),
        ("object_order", pa.int32()),
    ]
)
"""`object_order` has the numbers of the lines in the order of their objects."""


class EdgeLike(Protocol):
    """A statement; `subject`, `predicate`, `object` and `source` are IRIs, `confidence` is in (0, 1]."""

    @property
    def subject(self) -> str: ...
    @property
    def predicate(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def confidence(self) -> float: ...


@dataclass(frozen=True, slots=True)
class StoredEdge:
    """A statement; the first four are IRIs, `source` that of a named graph; `confidence` is in (0, 1]."""

    subject: str
    predicate: str
    object: str
    source: str
    confidence: float


def write_edges(edges: Iterable[EdgeLike], folder: Path) -> int:
    """The same edges give the same bytes, in whatever order they come. Returns how many there are."""
    kept = sorted(edges, key=lambda edge: (edge.subject, edge.predicate, edge.object, edge.source))
    objects = [edge.object for edge in kept]
    columns = [
        pa.array([edge.subject for edge in kept], pa.large_string()),
        pa.array([str(edge.predicate) for edge in kept], pa.string()).cast(_WORDS),
        pa.array(objects, pa.large_string()),
        pa.array([str(edge.source) for edge in kept], pa.string()).cast(_WORDS),
        pa.array([edge.confidence for edge in kept], pa.float32()),
        pa.array(sorted(range(len(kept)), key=objects.__getitem__), pa.int32()),
    ]
    batch = pa.record_batch(columns, schema=_SCHEMA)
    with pa.OSFile(str(folder / EDGES), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
        writer.write_batch(batch)
    return len(kept)


class GraphEdges:
    """Read-only and safe to share between threads."""

    def __init__(self, lines: pa.RecordBatch) -> None:
        self._lines = lines
        self._subjects, self._objects = lines.column("subject"), lines.column("object")
        self._order: np.ndarray[Any, np.dtype[np.int32]] = numbers(lines.column("object_order"))

    @classmethod
    def open(cls, folder: Path) -> GraphEdges:
        """Without the file there are no edges. Raises DamagedGenerationError for one that cannot be read."""
        path = folder / EDGES
        if not path.exists():
            return cls(pa.record_batch([pa.array([], each.type) for each in _SCHEMA], schema=_SCHEMA))
        try:
            lines = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        except (OSError, IndexError, ValueError, pa.ArrowException) as error:
            raise DamagedGenerationError(path, "is not an Arrow file of edges") from error
        if not lines.schema.equals(_SCHEMA):
            raise DamagedGenerationError(path, f"has the columns {lines.schema.names}, not {_SCHEMA.names}")
        return cls(lines)

    def __len__(self) -> int:
        return len(self._lines)

    def starting_at(self, iri: str, limit: int) -> list[StoredEdge]:
        """At most `limit` of those whose subject it is, by predicate, object and source."""
        start, stop = self._range(iri, lambda place: self._subjects[place].as_py())
        return [self._edge(place) for place in range(start, min(stop, start + limit))]

    def ending_at(self, iri: str, limit: int) -> list[StoredEdge]:
        """At most `limit` of those whose object it is, by subject."""
        start, stop = self._range(iri, lambda place: self._objects[int(self._order[place])].as_py())
        return [self._edge(int(self._order[place])) for place in range(start, min(stop, start + limit))]

    def _range(self, iri: str, key: Callable[[int], Any]) -> tuple[int, int]:
        places = range(len(self))
        start = bisect_left(places, iri, key=key)
        return start, bisect_right(places, iri, lo=start, key=key)

    def _edge(self, place: int) -> StoredEdge:
        names = ("subject", "predicate", "object", "source", "confidence")
        return StoredEdge(*(self._lines.column(name)[place].as_py() for name in names))
