"""The report on hand-made labels: every part, each split alone, layers apart."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from engine.errors import ConfigError, DataError
from engine.types import EntityKind, Product, ProductId
from index_builder.graph.alignment.category_table import Category, CategoryTable
from index_builder.graph.evidence import Extractor, Label, Mention, Relation, TextField
from index_builder.graph.gold.alias_lookup import NameLookup
from index_builder.graph.gold.report import Measured, measure_graph
from index_builder.graph.gold.report_table import tables

PRODUCTS = (
    Product(ProductId("1"), "Inko ink cartridge for LX200", brand="Inko"),
    Product(ProductId("2"), "Inko Inc. toner", brand="Inko Inc."),
)
FILES = {
    "entities.tsv": (
        "product_id start end label split",
        "1 0 4 brand dev",
        "1 5 18 type dev",
        "2 10 15 type test",
    ),
    "relation_products.tsv": ("product_id split", "1 dev", "2 test"),
    "relations.tsv": ("product_id field start end relation split", "1 title 23 28 fits dev"),
    "aliases.tsv": (
        "kind product_id_a field_a index_a product_id_b field_b index_b same split",
        "brand 1 brand 0 2 brand 0 1 dev",
    ),
    "categories.tsv": ("product_id category_id also_right split", "1 ink supplies dev", "2 toner - test"),
}


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    for name, lines in FILES.items():
        text = "\n".join(line.replace(" ", "\t").replace("\t-\t", "\t\t") for line in lines)
        text = text.replace("\tfits\t", "\tcompatible with\t")
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
    return tmp_path


def mention(row: int, start: int, end: int, label: Label, extractor: Extractor) -> Mention:
    relation = Relation.COMPATIBLE_WITH if extractor is Extractor.RELATION else None
    name = PRODUCTS[row].title[start:end].lower()
    return Mention(row, TextField.TITLE, start, end, label, name, extractor, 0.9, relation)


MEASURED = Measured(
    PRODUCTS,
    (
        mention(0, 0, 4, Label.BRAND, Extractor.GAZETTEER),
        mention(0, 9, 18, Label.TYPE, Extractor.TAGGER),
        mention(0, 23, 28, Label.TARGET, Extractor.RELATION),
    ),
    NameLookup(
        [
            ("urn:inko", EntityKind.BRAND, "", "inko", 1.0),
            ("urn:inko", EntityKind.BRAND, "", "inko inc.", 1.0),
        ],
        [],
    ),
    [CategoryTable("shopify", [(Category("paper", "", 0.6), Category("supplies", "", 0.3)), ()])],
)


def test_every_part_is_measured(gold: Path) -> None:
    dev = measure_graph(MEASURED, gold, "dev")["dev"]

    # Three spans were read, two are labelled; the brand is right, "cartridge" only overlaps "ink cartridge".
    assert dev["entities"]["exact"] == pytest.approx({"precision": 1 / 3, "recall": 1 / 2, "f1": 2 / 5})
    assert dev["entities"]["overlapping"]["recall"] == 1.0
    assert dev["relations"]["exact"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert (dev["aliases"]["pairs"], dev["aliases"]["f1"]) == (1, 1.0)
    assert dev["categories"]["shopify"] == {"products": 1, "accuracy@1": 0.0, "accuracy@3": 1.0}


def test_what_each_layer_gave_to_the_whole_is_told(gold: Path) -> None:
    layers = measure_graph(MEASURED, gold, "dev")["dev"]["entities"]["by_layer"]

    assert set(layers) == {"gazetteer", "tagger", "relation"}
    assert layers["gazetteer"] == pytest.approx({"precision": 1.0, "recall": 1 / 2, "f1": 2 / 3})
    assert layers["tagger"]["precision"] == 0.0


def test_layers_that_read_alone_are_measured_beside(gold: Path) -> None:
    """By itself the gazetteer also finds the type, of which the tagger was surer in the whole."""
    read = [MEASURED.mentions[0], mention(0, 5, 18, Label.TYPE, Extractor.GAZETTEER)]
    entities = measure_graph(replace(MEASURED, alone={Extractor.GAZETTEER: read}), gold, "dev")["dev"]
    assert entities["entities"]["alone"] == {"gazetteer": {"precision": 1.0, "recall": 1.0, "f1": 1.0}}
    assert entities["entities"]["by_layer"]["gazetteer"]["recall"] == 1 / 2
    assert "alone" not in measure_graph(MEASURED, gold, "dev")["dev"]["entities"]

    console = Console(file=StringIO(), width=120, record=True)
    for table in tables({"dev": entities}):
        console.print(table)
    shown = [line.split() for line in console.export_text().splitlines()]
    assert ["gazetteer", "1.000", "0.500", "0.667"] in shown
    assert ["gazetteer", "alone", "1.000", "1.000", "1.000"] in shown


def test_splits_are_kept_apart(gold: Path) -> None:
    both = measure_graph(MEASURED, gold, "all")

    assert set(both) == {"dev", "test"}
    assert both["dev"] == measure_graph(MEASURED, gold, "dev")["dev"]
    assert both["test"]["entities"]["exact"]["recall"] == 0.0


def test_the_tables_show_splits_side_by_side(gold: Path) -> None:
    console = Console(file=StringIO(), width=120, record=True)
    for table in tables(measure_graph(MEASURED, gold, "all")):
        console.print(table)

    lines = console.export_text().splitlines()
    assert ["shopify", "0.000", "1.000", "0.000", "0.000"] in [line.split() for line in lines]
    assert any(line.split()[:4] == ["exact", "0.333", "0.500", "0.400"] for line in lines)


def test_without_categories_there_is_no_such_part(gold: Path) -> None:
    measured = Measured(MEASURED.products, MEASURED.mentions, MEASURED.lookup, ())

    assert "categories" not in measure_graph(measured, gold, "dev")["dev"]


def test_missing_labels_are_told(gold: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no folder of labels at .*absent"):
        measure_graph(MEASURED, tmp_path / "absent", "dev")
    (gold / "aliases.tsv").unlink()
    with pytest.raises(DataError, match=r"aliases\.tsv"):
        measure_graph(MEASURED, gold, "dev")
