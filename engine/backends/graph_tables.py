"""The graph's lookup tables: entities, the names they answer to, the products below them, the known words.

They hold nothing that the RDF does not say; they are its materialised view, written by the builder, so that
opening takes a fraction of a second and a posting list is one slice of a mapped array. (Walking the 4,400
black products of a 20,000-product shop in RocksDB takes 22 ms; the slice takes microseconds.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.errors import DamagedGenerationError
from engine.types import Entity, EntityKind, FloatArray, Mask, RowArray

_ENTITIES, _NAMES, _WORDS, _META = "entities.arrow", "names.arrow", "words.arrow", "products.npy"
_ROWS, _OFFSETS = "posting_rows.npy", "posting_offsets.npy"
_CONFIDENCES = "posting_confidences.npy"
CERTAIN = 255
"""A posting's confidence of 1; they are kept as bytes, in steps of 1/255."""


@dataclass(frozen=True, slots=True)
class EntityName:
    """A text that an entity answers to. `words` are its tokens joined by blanks, `text` as it is shown;
    `confidence` in (0, 1] is that of reading the text as this entity.
    """

    entity: int
    words: str
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class GraphTables:
    """`relations[i]` and rows `[offsets[i], offsets[i + 1])` of `rows` belong to `entities[i]`.

    `rows` is int32, ascending within an entity; `confidences` uint8, one for each of `rows`, 255 for a
    statement of the catalogue itself; `offsets` int64 (entities + 1,); `names` are sorted by entity, then
    best first; `words` counts the words of the catalogue.
    """

    product_total: int
    entities: Sequence[Entity]
    relations: Sequence[str]
    names: Sequence[EntityName]
    rows: NDArray[np.int32]
    confidences: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    words: Mapping[str, int]

    def products(self, entity: int) -> RowArray:
        return self.rows[self.offsets[entity] : self.offsets[entity + 1]].astype(np.int64)

    def confidences_of(self, entity: int) -> FloatArray:
        """In (0, 1], float32, one for each of `products`."""
        kept = self.confidences[self.offsets[entity] : self.offsets[entity + 1]]
        return kept.astype(np.float32) / np.float32(CERTAIN)

    def confidence_of(self, entity: int, rows: RowArray) -> FloatArray:
        """In [0, 1], float32, one for each of `rows` in any order; 0 for those that do not hang on it."""
        start, stop = int(self.offsets[entity]), int(self.offsets[entity + 1])
        hanging = self.rows[start:stop]
        if not len(hanging):
            return np.zeros(len(rows), np.float32)
        places = np.searchsorted(hanging, rows.astype(np.int32))
        places[places == len(hanging)] = 0
        there = hanging[places] == rows
        return np.where(there, self.confidences[start:stop][places], 0).astype(np.float32) / np.float32(
            CERTAIN
        )

    def typed(self) -> Mask:
        """One flag for each product: whether it hangs on a product type."""
        flags = np.zeros(self.product_total, np.bool_)
        for place, entity in enumerate(self.entities):
            if entity.kind is EntityKind.CATEGORY and entity.attribute:
                flags[self.products(place)] = True
        return flags

    def write(self, folder: Path) -> None:
        """The same tables give the same bytes."""
        _write(
            folder / _ENTITIES,
            iri=pa.array([each.iri for each in self.entities], pa.string()),
            kind=pa.array([each.kind.value for each in self.entities], pa.string()),
            label=pa.array([each.label for each in self.entities], pa.string()),
            attribute=pa.array([each.attribute for each in self.entities], pa.string()),
            product_count=pa.array([each.product_count for each in self.entities], pa.int64()),
            relation=pa.array(self.relations, pa.string()),
        )
        _write(
            folder / _NAMES,
            entity=pa.array([each.entity for each in self.names], pa.int32()),
            words=pa.array([each.words for each in self.names], pa.string()),
            text=pa.array([each.text for each in self.names], pa.string()),
            confidence=pa.array([each.confidence for each in self.names], pa.float64()),
        )
        words = sorted(self.words)
        _write(
            folder / _WORDS,
            word=pa.array(words, pa.string()),
            count=pa.array([self.words[word] for word in words], pa.int64()),
        )
        np.save(folder / _ROWS, self.rows)
        np.save(folder / _CONFIDENCES, self.confidences)
        np.save(folder / _OFFSETS, self.offsets)
        np.save(folder / _META, np.int64(self.product_total))

    @classmethod
    def open(cls, folder: Path) -> GraphTables:
        """Raises DamagedGenerationError naming the file that is missing or unreadable."""
        entities = _read(folder / _ENTITIES)
        names = _read(folder / _NAMES)
        words = _read(folder / _WORDS)
        kinds = {kind.value: kind for kind in EntityKind}
        columns = (entities[name] for name in ("iri", "kind", "label", "attribute", "product_count"))
        offsets, rows = _load(folder / _OFFSETS), _load(folder / _ROWS)
        confidences = _load(folder / _CONFIDENCES)
        if len(offsets) != len(entities["iri"]) + 1 or offsets[-1] != len(rows):
            raise DamagedGenerationError(folder / _OFFSETS, "does not fit the other tables of the graph")
        if confidences.shape != rows.shape:
            raise DamagedGenerationError(folder / _CONFIDENCES, "does not fit the posting lists of the graph")
        return cls(
            product_total=int(_load(folder / _META)),
            entities=[
                Entity(iri, kinds[kind], label, attribute, count)
                for iri, kind, label, attribute, count in zip(*columns, strict=True)
            ],
            relations=entities["relation"],
            names=[
                EntityName(*each)
                for each in zip(
                    *(names[key] for key in ("entity", "words", "text", "confidence")), strict=True
                )
            ],
            rows=rows,
            confidences=confidences,
            offsets=offsets,
            words=dict(zip(words["word"], words["count"], strict=True)),
        )


def _write(path: Path, **columns: pa.Array) -> None:
    table = pa.table(columns)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _read(path: Path) -> dict[str, list[Any]]:
    try:
        with pa.memory_map(str(path)) as source:
            columns: dict[str, list[Any]] = pa.ipc.open_file(source).read_all().to_pydict()
            return columns
    except (OSError, pa.ArrowException) as error:
        raise DamagedGenerationError(path, "is missing or is not an Arrow file") from error


def _load(path: Path) -> NDArray[Any]:
    try:
        # A plain view: slicing a memmap object costs ten times as much.
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    except (OSError, ValueError) as error:
        raise DamagedGenerationError(path, "is missing or is not a NumPy array") from error
    return array
