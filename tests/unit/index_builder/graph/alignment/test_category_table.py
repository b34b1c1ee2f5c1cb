from pathlib import Path

import numpy as np
import pytest

from engine.errors import DamagedGenerationError
from index_builder.graph.alignment.category_table import (
    Category,
    CategoryTable,
    read_categories,
    table_of,
    write_categories,
)
from index_builder.graph.alignment.products import ProductAlignment
from index_builder.graph.ontologies.ontology import Concept, Ontology
from tests.unit.index_builder.graph.alignment.kitchen import MUGS, TAXONOMY, WOKS

ALIGNMENT = ProductAlignment(
    np.array([[WOKS, MUGS, -1], [-1, -1, -1]], np.int32),
    np.array([[0.75, 0.25, 0], [0, 0, 0]], np.float32),
)


def test_a_table_holds_ids_labels_and_confidences_best_first() -> None:
    table = table_of(TAXONOMY, ALIGNMENT)
    assert table == CategoryTable(
        "kitchen", [(Category("k-1-2", "Woks", 0.75), Category("k-2", "Mugs & Cups", 0.25)), ()]
    )


def test_an_ontology_without_ids_of_its_own_gives_iris() -> None:
    plain = Ontology("plain", [Concept("urn:woks", {"en": "Woks"})], [])
    alignment = ProductAlignment(np.array([[0, -1, -1]], np.int32), np.array([[0.5, 0, 0]], np.float32))
    assert table_of(plain, alignment).of_product == [(Category("urn:woks", "Woks", 0.5),)]


def test_what_is_written_is_read_products_without_categories_too(tmp_path: Path) -> None:
    tables = [table_of(TAXONOMY, ALIGNMENT), CategoryTable("empty", [(), (), ()])]
    write_categories(tmp_path, tables)
    assert read_categories(tmp_path) == tables


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    tables = [table_of(TAXONOMY, ALIGNMENT)]
    first = write_categories(tmp_path, tables).read_bytes()
    assert write_categories(tmp_path, tables).read_bytes() == first


@pytest.mark.parametrize("content", [None, b"no arrow"])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "categories.arrow").write_bytes(content)
    with pytest.raises(DamagedGenerationError, match=r"categories\.arrow"):
        read_categories(tmp_path)
