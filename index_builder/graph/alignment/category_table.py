"""The three best categories of each product in each taxonomy, kept beside the graph.

categories.arrow   taxonomy, product (row), rank (1..3), category (id or IRI), label, confidence
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from engine.errors import DamagedGenerationError
from index_builder.graph.alignment.products import ProductAlignment
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.taxonomy import Taxonomy

CATEGORIES = "categories.arrow"
_WORDS = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class Category:
    """`id` is the taxonomy's own id, an IRI where it has none; `confidence` in [0, 1], calibrated."""

    id: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class CategoryTable:
    """`of_product[row]` are at most three, best first; () for none."""

    taxonomy: str
    of_product: Sequence[tuple[Category, ...]]


def table_of(taxonomy: Ontology, alignment: ProductAlignment) -> CategoryTable:
    ids = taxonomy.ids if isinstance(taxonomy, Taxonomy) else [each.iri for each in taxonomy.concepts]
    found = []
    for places, sure in zip(alignment.categories.tolist(), alignment.confidence.tolist(), strict=True):
        found.append(
            tuple(
                Category(ids[place], taxonomy.concepts[place].label, confidence)
                for place, confidence in zip(places, sure, strict=True)
                if place >= 0
            )
        )
    return CategoryTable(taxonomy.name, found)


def write_categories(folder: Path, tables: Sequence[CategoryTable]) -> Path:
    """In the order of the tables, then of the products."""
    lines = [
        (table.taxonomy, row, rank, each)
        for table in tables
        for row, categories in enumerate(table.of_product)
        for rank, each in enumerate(categories, start=1)
    ]
    columns = pa.table(
        {
            "taxonomy": pa.array([line[0] for line in lines], pa.string()).cast(_WORDS),
            "product": pa.array([line[1] for line in lines], pa.int32()),
            "rank": pa.array([line[2] for line in lines], pa.int8()),
            "category": pa.array([line[3].id for line in lines], pa.string()).cast(_WORDS),
            "label": pa.array([line[3].label for line in lines], pa.string()).cast(_WORDS),
            "confidence": pa.array([line[3].confidence for line in lines], pa.float32()),
        }
    ).replace_schema_metadata({table.taxonomy: str(len(table.of_product)) for table in tables})
    path = folder / CATEGORIES
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, columns.schema) as writer:
        writer.write_table(columns)
    return path


def read_categories(folder: Path) -> list[CategoryTable]:
    """Raises DamagedGenerationError naming the file that is missing or unreadable."""
    path = folder / CATEGORIES
    try:
        with pa.memory_map(str(path)) as source:
            columns = pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowException) as error:
        raise DamagedGenerationError(path, "is missing or is not an Arrow file") from error
    counts = {name.decode(): int(count) for name, count in (columns.schema.metadata or {}).items()}
    found: dict[str, list[tuple[Category, ...]]] = {name: [()] * count for name, count in counts.items()}
    lines = columns.to_pylist()
    for (taxonomy, row), group in groupby(lines, lambda line: (line["taxonomy"], line["product"])):
        found[taxonomy][row] = tuple(
            Category(line["category"], line["label"], line["confidence"]) for line in group
        )
    return [CategoryTable(name, rows) for name, rows in found.items()]
