"""Hand-made pairs of names against the entities that a graph makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backends.graph_tables import EntityName, GraphTables
from engine.errors import DataError
from engine.types import Entity, EntityKind, Product, ProductId
from index_builder.graph.draft import Edge
from index_builder.graph.facts import extract
from index_builder.graph.gold.alias_lookup import NameLookup
from index_builder.graph.gold.aliases import ALIASES, Side, SideKind, measure_aliases, read_aliases
from index_builder.graph.infer import infer
from index_builder.graph.resolution.resolve import resolve
from index_builder.graph.vocabulary import SourceGraph, Term

HEADER = "kind\tproduct_id_a\tfield_a\tindex_a\tproduct_id_b\tfield_b\tindex_b\tsame\tsplit\n"
SHOP = [
    Product(
        ProductId("1"), "Acme rope", "Acme", attributes={"plug": ("RX-45", "SFP"), "housing_material": "PVC"}
    ),
    Product(ProductId("2"), "Bell rope", "Bell", attributes={"plug": "RX45;SFP+", "socket": "RX-45"}),
]
RIGHT = (
    "attribute\t1\tattributes.plug\t0\t2\tattributes.plug\t0\t1\tdev\n"  # RX-45, RX45
    "attribute\t1\tattributes.plug\t1\t2\tattributes.plug\t1\t0\tdev\n"  # SFP, SFP+
    "brand\t1\tbrand\t0\t2\tbrand\t0\t0\ttest\n"
)


def write(folder: Path, rows: str) -> Path:
    (folder / ALIASES).write_text(HEADER + rows, encoding="utf-8")
    return folder


def lookup() -> NameLookup:
    draft = extract(SHOP)
    resolve(draft, SHOP)
    infer(draft, SHOP)
    return NameLookup.of_draft(draft)


def test_the_sides_are_the_texts_of_the_catalogue(tmp_path: Path) -> None:
    pairs = read_aliases(write(tmp_path, RIGHT + "text\t1\ttitle\t5:9\t2\tbrand\t0\t0\tdev\n"), SHOP, "dev")
    assert [(pair.one.text, pair.two.text, pair.same) for pair in pairs] == [
        ("RX-45", "RX45", True),
        ("SFP", "SFP+", False),
        ("rope", "Bell", False),
    ]
    assert pairs[2].one == Side(SideKind.TITLE, "rope")
    assert pairs[0].one == Side(SideKind.ATTRIBUTE, "RX-45", "plug")


def test_one_entity_is_the_same_and_two_are_not(tmp_path: Path) -> None:
    score = measure_aliases(write(tmp_path, RIGHT), SHOP, lookup(), "dev")
    assert (score.pairs, score.right, score.found, score.labelled, score.unknown) == (2, 1, 1, 1, 0)
    assert (score.precision, score.recall, score.f1) == (1.0, 1.0, 1.0)


def test_a_wrong_merge_costs_precision_and_a_missed_one_recall(tmp_path: Path) -> None:
    rows = RIGHT.replace("\t1\tdev", "\t0\tdev", 1).replace("plug\t1\t0\tdev", "plug\t1\t1\tdev")
    score = measure_aliases(write(tmp_path, rows), SHOP, lookup(), "dev")
    # RX-45 and RX45 are one, said to be two; SFP and SFP+ are two, said to be one.
    assert (score.precision, score.recall, score.f1) == (0.0, 0.0, 0.0)
    assert [pair.line for pair in score.wrong] == [2, 3]


def test_equal_texts_of_two_attributes_are_tied() -> None:
    found = lookup()
    one, two = (found(Side(SideKind.ATTRIBUTE, "RX-45", key)) for key in ("plug", "socket"))
    assert one is not None
    assert one == two


def test_what_the_graph_does_not_hold_has_no_meaning() -> None:
    found = lookup()
    assert found(Side(SideKind.ATTRIBUTE, "RX-99", "plug")) is None
    assert found(Side(SideKind.TITLE, "rope")) is None
    assert found(Side(SideKind.ATTRIBUTE, "pvc", "jacket_material")) is not None  # any attribute's material


def test_a_quantity_in_a_title_is_looked_up_in_its_canonical_unit() -> None:
    size = [("urn:s", EntityKind.SIZE, "", "39.6 cm", 0.97)]
    found = NameLookup(size, [])
    assert found(Side(SideKind.TITLE, '15.6"')) == found(Side(SideKind.TITLE, "39.6 cm")) == "urn:s"
    assert found(Side(SideKind.TITLE, '14"')) is None


def test_the_tables_of_a_generation_answer_like_a_draft() -> None:
    entities = [
        Entity("urn:a", EntityKind.BRAND, "Acme", "", 1),
        Entity("urn:b", EntityKind.ATTRIBUTE_VALUE, "Acme", "brand_fit", 1),
    ]
    tables = GraphTables(
        product_total=1,
        entities=entities,
        relations=["brand", "brand fit"],
        names=[EntityName(0, "acme", "acme", 1.0), EntityName(1, "acme", "acme", 1.0)],
        rows=np.zeros(2, np.int32),
        confidences=np.full(2, 255, np.uint8),
        offsets=np.array([0, 1, 2]),
        words={},
    )
    sides = Side(SideKind.BRAND, "ACME"), Side(SideKind.ATTRIBUTE, "Acme", "brand_fit")
    apart = NameLookup.of_tables(tables, [("urn:a", "urn:elsewhere")])
    assert [apart(side) for side in sides] == ["urn:a", "urn:b"]
    tied = NameLookup.of_tables(tables, [("urn:b", "urn:a")])
    assert [tied(side) for side in sides] == ["urn:a", "urn:a"]


def test_ties_to_what_is_no_node_count_for_nothing() -> None:
    draft = extract(SHOP)
    for node in list(draft.nodes.values())[:2]:
        draft.edges.add(Edge(node.iri, Term.EXACT_MATCH, "urn:elsewhere", SourceGraph.ALIGNMENT))
    one, two = (NameLookup.of_draft(draft)(Side(SideKind.BRAND, brand)) for brand in ("Acme", "Bell"))
    assert one is not None
    assert one != two


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("attribute\t9\tbrand\t0\t2\tbrand\t0\t0\tdev\n", "product 9 is not in the catalogue"),
        ("attribute\t1\tattributes.plug\t7\t2\tbrand\t0\t0\tdev\n", r"has no attributes\.plug at 7"),
        ("text\t1\ttitle\t5:99\t2\tbrand\t0\t0\tdev\n", "has no title at 5:99"),
        ("brand\t1\tbrand\t0\t2\tbrand\t0\tyes\tdev\n", "same is 'yes'"),
        ("brand\t1\tbrand\t0\t2\tbrand\t0\t1\ttrain\n", "'train' is neither dev nor test"),
        ("brand\t1\n", "2 columns instead of 9"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path: Path, rows: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        measure_aliases(write(tmp_path, rows), SHOP, lookup(), "dev")
    assert f"{ALIASES}:2:" in str(caught.value)


def test_a_missing_file_and_a_wrong_header_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing"):
        read_aliases(tmp_path, SHOP, "dev")
    (tmp_path / ALIASES).write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(DataError, match="the first line must be"):
        read_aliases(tmp_path, SHOP, "dev")
