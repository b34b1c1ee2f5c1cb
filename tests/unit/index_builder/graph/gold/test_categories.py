from pathlib import Path

import pytest

from engine.errors import DataError
from engine.types import Product, ProductId
from index_builder.graph.alignment.category_table import Category, CategoryTable
from index_builder.graph.gold.categories import measure_categories, read_gold_categories

PRODUCTS = [Product(ProductId(f"p{number}"), f"Thing {number}") for number in range(1, 5)]
HEADER = "product_id\tcategory_id\talso_right\tsplit\n"
LABELS = f"{HEADER}p1\tk-1\t\tdev\np2\tk-2\tk-3,k-4\tdev\np3\tk-5\t\tdev\np4\tk-1\t\ttest\n"


def folder(tmp_path: Path, labels: str = LABELS) -> Path:
    (tmp_path / "categories.tsv").write_text(labels, encoding="utf-8")
    return tmp_path


def table(*ids: str) -> CategoryTable:
    """Ids of each product, apart by blanks, best first."""
    return CategoryTable("kitchen", [tuple(Category(one, one, 0.5) for one in each.split()) for each in ids])


def test_the_first_and_one_of_three_count_and_what_is_also_right_is_right(tmp_path: Path) -> None:
    found = table("k-1", "k-9 k-4", "k-9 k-8 k-7", "")

    score = measure_categories(folder(tmp_path), PRODUCTS, found, "dev")

    assert score.accuracy_at_1 == 1 / 3  # p1
    assert score.accuracy_at_3 == 2 / 3  # p1, and p2 by k-4 in second place
    assert [(label.row, label.line) for label in score.wrong] == [(1, 3), (2, 4)]


def test_a_product_without_a_category_is_wrong_and_splits_are_apart(tmp_path: Path) -> None:
    score = measure_categories(folder(tmp_path), PRODUCTS, table("k-1", "k-2", "k-5", ""), "test")
    assert (score.products, score.accuracy_at_1, score.accuracy_at_3) == (1, 0.0, 0.0)


def test_a_fourth_category_does_not_count(tmp_path: Path) -> None:
    score = measure_categories(folder(tmp_path), PRODUCTS, table("k-9 k-8 k-7 k-1", "", "", ""), "dev")
    assert score.accuracy_at_3 == 0.0


def test_categories_of_other_products_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="other products"):
        measure_categories(folder(tmp_path), PRODUCTS, table("k-1"), "dev")


@pytest.mark.parametrize(
    ("labels", "line", "words"),
    [
        (f"{HEADER}p1\tk-1\t\tdev\np9\tk-1\t\tdev\n", 3, "'p9' is not in the catalogue"),
        (f"{HEADER}p1\tk-1\t\tdev\np1\tk-2\t\tdev\n", 3, "labelled twice"),
        (f"{HEADER}p1\tk-1\t\tall\n", 2, "'all'"),
        (f"{HEADER}p1\t\t\tdev\n", 2, "is empty"),
        ("id\tcategory\np1\tk-1\n", 1, "needs the columns"),
    ],
)
def test_labels_that_cannot_be_used_are_an_error_with_file_and_line(
    tmp_path: Path, labels: str, line: int, words: str
) -> None:
    with pytest.raises(DataError) as caught:
        read_gold_categories(folder(tmp_path, labels), PRODUCTS, "dev")
    assert str(caught.value).startswith(f"{tmp_path / 'categories.tsv'}:{line}: ")
    assert words in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"categories\.tsv"):
        read_gold_categories(tmp_path, PRODUCTS, "dev")
