from pathlib import Path

import pytest

from engine.errors import DataError
from engine.types import Product, ProductId
from index_builder.graph.evidence import Extractor, Label, Mention, Relation, TextField
from index_builder.graph.gold.relations import measure_relations, read_gold_relations

PRODUCTS = [
    Product(ProductId("p1"), "Ink for LX200 and LX300"),
    Product(ProductId("p2"), "LX200 printer"),
    Product(ProductId("p3"), "Case for LX200"),
]
READ = "product_id\tsplit\np1\tdev\np2\tdev\np3\ttest\n"
HEADER = "product_id\tfield\tstart\tend\trelation\tsplit\n"
LABELS = f"{HEADER}p1\ttitle\t8\t13\tcompatible with\tdev\np1\ttitle\t18\t23\tcompatible with\tdev\n"


def folder(tmp_path: Path, labels: str = LABELS, read: str = READ) -> Path:
    (tmp_path / "relations.tsv").write_text(labels, encoding="utf-8")
    (tmp_path / "relation_products.tsv").write_text(read, encoding="utf-8")
    return tmp_path


def found(row: int, start: int, end: int, relation: Relation | None) -> Mention:
    return Mention(row, TextField.TITLE, start, end, Label.TARGET, "x", Extractor.RELATION, 0.9, relation)


def test_the_same_span_and_relation_is_right_and_anything_else_in_a_read_product_is_wrong(
    tmp_path: Path,
) -> None:
    mentions = [found(0, 8, 13, Relation.COMPATIBLE_WITH), found(1, 0, 5, Relation.COMPATIBLE_WITH)]
    scores = measure_relations(folder(tmp_path), PRODUCTS, mentions, "dev")
    assert scores.strict.precision == 1 / 2
    assert scores.strict.recall == 1 / 2
    assert scores.strict.f1 == 2 * 0.5 * 0.5 / (0.5 + 0.5)


def test_overlap_and_another_relation_are_told_apart(tmp_path: Path) -> None:
    mentions = [found(0, 8, 12, Relation.COMPATIBLE_WITH), found(0, 18, 23, Relation.PART_OF)]
    scores = measure_relations(folder(tmp_path), PRODUCTS, mentions, "dev")
    assert (scores.strict.right, scores.overlap.right, scores.any_relation.right) == (0, 1, 2)
    assert scores.by_relation[Relation.PART_OF].found == 1
    assert scores.by_relation_overlap[Relation.COMPATIBLE_WITH].reached == 1


def test_one_found_span_over_two_labels_reaches_both(tmp_path: Path) -> None:
    scores = measure_relations(folder(tmp_path), PRODUCTS, [found(0, 8, 23, Relation.COMPATIBLE_WITH)], "dev")
    assert (scores.overlap.right, scores.overlap.reached) == (1, 2)
    assert scores.overlap.f1 == 1.0


def test_mentions_without_relation_and_of_other_splits_do_not_count(tmp_path: Path) -> None:
    mentions = [found(0, 8, 13, None), found(2, 9, 14, Relation.ACCESSORY_OF)]
    scores = measure_relations(folder(tmp_path), PRODUCTS, mentions, "dev")
    assert (scores.strict.found, scores.strict.labelled, scores.strict.precision) == (0, 2, 0.0)


def test_labelled_products_that_the_catalogue_lacks_are_left_out(tmp_path: Path) -> None:
    assert measure_relations(folder(tmp_path), PRODUCTS[1:], [], "dev").strict.labelled == 0


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("p1\ttitle\t8\t13\tlikes\tdev", "'likes' is none of compatible with, accessory of"),
        ("p1\tname\t8\t13\tpart of\tdev", "'name' is neither title nor description"),
        ("p1\ttitle\t13\t8\tpart of\tdev", "span 13:8"),
        ("p1\ttitle\t8\t13\tpart of", "5 columns instead of 6"),
        ("p1\ttitle\t8\t13\tpart of\ttrain", "'train' is neither dev nor test"),
        ("p9\ttitle\t8\t13\tpart of\tdev", "p9 is not in relation_products.tsv"),
    ],
)
def test_a_wrong_row_is_named_by_line(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        read_gold_relations(folder(tmp_path, f"{HEADER}{row}\n"), "dev")
    assert "relations.tsv:2" in str(caught.value)


def test_a_missing_file_and_a_wrong_header_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"relation_products\.tsv: is missing"):
        read_gold_relations(tmp_path, "dev")
    with pytest.raises(DataError, match=r"relations\.tsv:1: the first line must be"):
        read_gold_relations(folder(tmp_path, "id\tspan\n"), "dev")
