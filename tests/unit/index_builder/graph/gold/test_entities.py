from pathlib import Path

import pytest

from engine.errors import DataError
from engine.types import Product, ProductId
from index_builder.graph.evidence import Extractor, Label, Mention, TextField
from index_builder.graph.gold.entities import Counts, measure_entities, read_entities

PRODUCTS = [Product(ProductId("a"), "Acme desk lamp Red"), Product(ProductId("b"), "Nordlys kettle")]
HEADER = "product_id\tstart\tend\tlabel\tsplit"
LINES = ("a\t0\t4\tbrand\tdev", "a\t5\t14\ttype\tdev", "a\t15\t18\tcolor\tdev", "b\t0\t7\tbrand\ttest")


def write(folder: Path, *lines: str, header: str = HEADER) -> Path:
    (folder / "entities.tsv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return folder


def mention(row: int, start: int, end: int, label: Label) -> Mention:
    return Mention(row, TextField.TITLE, start, end, label, "", Extractor.GAZETTEER, 1.0)


def test_scores_count_spans_that_are_exactly_right_and_those_that_overlap(tmp_path: Path) -> None:
    found = [
        mention(0, 0, 4, Label.BRAND),
        mention(0, 10, 14, Label.TYPE),  # "lamp" instead of "desk lamp"
        mention(0, 15, 18, Label.MATERIAL),  # the right place, the wrong label
        mention(1, 0, 7, Label.BRAND),  # of the other split
    ]

    scores = measure_entities(write(tmp_path, *LINES), PRODUCTS, found, "dev")

    assert scores.titles == 1
    assert scores.exact[Label.BRAND] == Counts(1, 1, 1, 1)
    assert scores.exact[Label.TYPE] == Counts(0, 1, 0, 1)
    assert scores.overlapping[Label.TYPE] == Counts(1, 1, 1, 1)
    assert scores.micro_exact == Counts(1, 3, 1, 3)
    assert scores.micro_exact.f1 == pytest.approx(2 * (1 / 3) * (1 / 3) / (1 / 3 + 1 / 3))
    assert scores.micro_overlapping.precision == pytest.approx(2 / 3)


def test_two_found_spans_in_one_of_the_gold_count_once_for_recall(tmp_path: Path) -> None:
    found = [mention(0, 5, 9, Label.TYPE), mention(0, 10, 14, Label.TYPE)]

    scores = measure_entities(write(tmp_path, *LINES), PRODUCTS, found, "dev")

    assert scores.overlapping[Label.TYPE] == Counts(found_right=2, found=2, gold_right=1, gold=1)


def test_nothing_found_is_zero_and_no_division(tmp_path: Path) -> None:
    assert measure_entities(write(tmp_path, *LINES), PRODUCTS, [], "dev").micro_exact.f1 == 0


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a\t0\t4\tbrand", "has 4 cells"),
        ("zz\t0\t4\tbrand\tdev", "names the product 'zz'"),
        ("a\t0\t4\tsmell\tdev", "names the label 'smell'"),
        ("a\t0\t4\tbrand\ttrain", "names the split 'train'"),
        ("a\t4\t4\tbrand\tdev", "not inside the title"),
        ("a\t0\t99\tbrand\tdev", "not inside the title"),
        ("a\tx\t4\tbrand\tdev", "not inside the title"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(DataError, match=rf"entities\.tsv:3: .*{problem}"):
        read_entities(write(tmp_path, LINES[0], line), PRODUCTS, "dev")


def test_wrong_columns_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"entities\.tsv:1: must begin with the columns product_id, start"):
        read_entities(write(tmp_path, header="id\tlabel"), PRODUCTS, "dev")
    with pytest.raises(DataError, match="cannot be read"):
        read_entities(tmp_path / "nowhere", PRODUCTS, "dev")
