"""How often the categories that products were tied to are right, measured against hand-made labels."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError
from engine.types import Product
from index_builder.graph.alignment.category_table import CategoryTable

CATEGORIES = "categories.tsv"
SPLITS = ("dev", "test")
_COLUMNS = ("product_id", "category_id", "also_right", "split")
_BEST = 3


@dataclass(frozen=True, slots=True)
class GoldCategory:
    """`row` is that of the product; any of `right` is a right answer; `line` is that of the file."""

    row: int
    right: frozenset[str]
    line: int


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """Counts of labelled products: whose first, and one of whose first three, categories are right. `wrong`
    are those whose first is not, in the file's order.
    """

    products: int
    first: int
    among_three: int
    wrong: tuple[GoldCategory, ...]

    @property
    def accuracy_at_1(self) -> float:
        """0 where nothing is labelled."""
        return self.first / self.products if self.products else 0.0

    @property
    def accuracy_at_3(self) -> float:
        return self.among_three / self.products if self.products else 0.0


def measure_categories(
    gold: Path, products: Sequence[Product], table: CategoryTable, split: str
) -> CategoryScore:
    """`table` is of the same products. Raises DataError for labels that cannot be read, ValueError for a
    table of other products.
    """
    if len(table.of_product) != len(products):
        raise ValueError("the categories are those of other products")
    labelled = read_gold_categories(gold, products, split)
    first = among_three = 0
    wrong = []
    for label in labelled:
        found = [each.id for each in table.of_product[label.row][:_BEST]]
        among_three += not label.right.isdisjoint(found)
        if found and found[0] in label.right:
            first += 1
        else:
            wrong.append(label)
    return CategoryScore(len(labelled), first, among_three, tuple(wrong))


def read_gold_categories(gold: Path, products: Sequence[Product], split: str) -> tuple[GoldCategory, ...]:
    """Raises DataError naming file and line: a missing column, an unknown split, a product that is not in the
    catalogue or labelled twice, an empty category.
    """
    path = gold / CATEGORIES
    rows = {str(product.id): row for row, product in enumerate(products)}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, f"cannot be read as UTF-8 text ({type(error).__name__}).") from None
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise DataError(path, f"needs the columns {', '.join(_COLUMNS)}.", line=1)
    found: dict[int, tuple[str, GoldCategory]] = {}
    for number, cells in enumerate(reader, start=2):
        label = _label(path, number, cells, rows)
        if label.row in found:
            raise DataError(path, f"product {cells['product_id']!r} is labelled twice.", line=number)
        found[label.row] = (cells["split"], label)
    return tuple(label for where, label in found.values() if where == split)


def _label(path: Path, number: int, cells: Mapping[str, str | None], rows: Mapping[str, int]) -> GoldCategory:
    product, category, where = cells["product_id"] or "", cells["category_id"], cells["split"]
    if where not in SPLITS:
        raise DataError(path, f"split is {where!r}, not one of {', '.join(SPLITS)}.", line=number)
    if not category:
        raise DataError(path, "category_id is empty.", line=number)
    if product not in rows:
        raise DataError(path, f"product {product!r} is not in the catalogue.", line=number)
    also = (cells["also_right"] or "").split(",")
    return GoldCategory(rows[product], frozenset({category, *filter(None, also)}), number)
