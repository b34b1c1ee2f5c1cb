"""How well names that mean the same became one entity, measured against hand-made pairs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from engine.errors import DataError
from engine.types import Product
from index_builder.graph.attributes import values_of

ALIASES = "aliases.tsv"
SPLITS = ("dev", "test")
_COLUMNS = (
    "kind", "product_id_a", "field_a", "index_a", "product_id_b", "field_b", "index_b", "same", "split",
)  # fmt: skip
_BRAND, _TITLE, _ATTRIBUTES = "brand", "title", "attributes."


class SideKind(StrEnum):
    """Where a name of a pair stands."""

    BRAND = "brand"
    TITLE = "title"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Side:
    """One name of a pair, as the catalogue writes it; `attribute` is its key, "" for brands and titles."""

    kind: SideKind
    text: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class AliasPair:
    """Two names; `same` says whether they mean the same. `line` is that of the file."""

    one: Side
    two: Side
    same: bool
    line: int


class Lookup(Protocol):
    """The meaning that a name has in a graph: equal for names that are one entity, or tied as equal."""

    def __call__(self, side: Side) -> str | None:
        """None for a name that the graph does not hold."""


@dataclass(frozen=True, slots=True)
class AliasScore:
    """Counts of pairs; `wrong` are those that the graph gets wrong, in the file's order. `unknown` of all
    pairs have a name that the graph does not hold: they count as apart.
    """

    pairs: int
    right: int
    found: int
    labelled: int
    unknown: int
    wrong: tuple[AliasPair, ...]

    @property
    def precision(self) -> float:
        """Share of pairs that are one entity that should be; 0 where there is none."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of pairs that should be one entity that are; 0 where there is none."""
        return self.right / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def measure_aliases(gold: Path, products: Sequence[Product], lookup: Lookup, split: str) -> AliasScore:
    """Scores over the pairs of one split. Raises DataError, see `read_aliases`."""
    pairs = read_aliases(gold, products, split)
    right = found = unknown = 0
    wrong = []
    for pair in pairs:
        one, two = lookup(pair.one), lookup(pair.two)
        together = one is not None and one == two
        unknown += one is None or two is None
        found += together
        right += together and pair.same
        if together != pair.same:
            wrong.append(pair)
    labelled = sum(pair.same for pair in pairs)
    return AliasScore(len(pairs), right, found, labelled, unknown, tuple(wrong))


def read_aliases(gold: Path, products: Sequence[Product], split: str) -> tuple[AliasPair, ...]:
    """The pairs of a split. Raises DataError with file and line for a missing file, wrong columns, and a
    product, field or place that the catalogue does not hold.
    """
    path = gold / ALIASES
    by_id: dict[str, Product] = {product.id: product for product in products}
    pairs = []
    for line, row in _rows(path):
        if row["split"] != split:
            continue
        sides = []
        for end in "ab":
            product = by_id.get(row[f"product_id_{end}"])
            if product is None:
                problem = f"product {row[f'product_id_{end}']} is not in the catalogue"
                raise DataError(path, problem, line=line)
            side = _side(product, row[f"field_{end}"], row[f"index_{end}"])
            if side is None:
                problem = f"product {product.id} has no {row[f'field_{end}']} at {row[f'index_{end}']}"
                raise DataError(path, problem, line=line)
            sides.append(side)
        pairs.append(AliasPair(sides[0], sides[1], row["same"] == "1", line))
    return tuple(pairs)


def _side(product: Product, field: str, index: str) -> Side | None:
    if field == _BRAND:
        return Side(SideKind.BRAND, product.brand) if product.brand and index == "0" else None
    if field == _TITLE:
        start, _, end = index.partition(":")
        if not (start.isdecimal() and end.isdecimal() and int(start) < int(end) <= len(product.title)):
            return None
        return Side(SideKind.TITLE, product.title[int(start) : int(end)])
    key = field.removeprefix(_ATTRIBUTES)
    if key == field or key not in product.attributes or not index.isdecimal():
        return None
    values = list(values_of(product.attributes[key]))
    return Side(SideKind.ATTRIBUTE, values[int(index)], key) if int(index) < len(values) else None


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if next(reader, []) != list(_COLUMNS):
                raise DataError(path, f"the first line must be: {' '.join(_COLUMNS)} (tab separated)", line=1)
            for line, cells in enumerate(reader, start=2):
                if len(cells) != len(_COLUMNS):
                    raise DataError(path, f"{len(cells)} columns instead of {len(_COLUMNS)}", line=line)
                row = dict(zip(_COLUMNS, cells, strict=True))
                if row["split"] not in SPLITS:
                    raise DataError(path, f"split {row['split']!r} is neither dev nor test", line=line)
                if row["same"] not in ("0", "1"):
                    raise DataError(path, f"same is {row['same']!r}; it must be 1 or 0", line=line)
                yield line, row
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, "is missing or is not UTF-8 text") from error
