"""Precision, recall and F1 of entity extraction against hand-made labels (a gold folder's `entities.tsv`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError
from engine.types import Product
from index_builder.graph.evidence import Label, Mention, TextField

ENTITIES = "entities.tsv"
SPLITS = ("dev", "test")
_HEADER = ["product_id", "start", "end", "label", "split"]


@dataclass(frozen=True, slots=True, order=True)
class GoldSpan:
    """Characters `[start, end)` of the title of product `row`."""

    row: int
    start: int
    end: int
    label: Label


@dataclass(frozen=True, slots=True)
class Counts:
    """Spans that are right, that were found, and that are there to be found. `found_right` and `gold_right`
    differ only where overlaps count, since then two found spans may share one of the gold.
    """

    found_right: int = 0
    found: int = 0
    gold_right: int = 0
    gold: int = 0

    @property
    def precision(self) -> float:
        """0 where nothing was found."""
        return self.found_right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """0 where there is nothing to find."""
        return self.gold_right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.found_right + other.found_right,
            self.found + other.found,
            self.gold_right + other.gold_right,
            self.gold + other.gold,
        )


@dataclass(frozen=True, slots=True)
class EntityScores:
    """By label, over the titles of one split: `exact` spans, and `overlapping` ones, where one character in
    common and the same label will do. `titles` counts the labelled titles.
    """

    split: str
    titles: int
    exact: Mapping[Label, Counts]
    overlapping: Mapping[Label, Counts]

    @property
    def micro_exact(self) -> Counts:
        return sum(self.exact.values(), Counts())

    @property
    def micro_overlapping(self) -> Counts:
        return sum(self.overlapping.values(), Counts())


def measure_entities(
    gold: Path, products: Sequence[Product], mentions: Sequence[Mention], split: str
) -> EntityScores:
    """Titles only, and only of labelled products of the split. Raises DataError, see `read_entities`."""
    spans = read_entities(gold, products, split)
    rows = {span.row for span in spans}
    found = {
        GoldSpan(mention.row, mention.start, mention.end, mention.label)
        for mention in mentions
        if mention.field is TextField.TITLE and mention.row in rows
    }
    exact = {
        label: _exact(
            {span for span in found if span.label is label}, {span for span in spans if span.label is label}
        )
        for label in Label
    }
    overlapping = {label: _overlapping(found, spans, label) for label in Label}
    return EntityScores(split, len(rows), exact, overlapping)


def read_entities(gold: Path, products: Sequence[Product], split: str) -> frozenset[GoldSpan]:
    """The labels of a split. Raises DataError that names file and line for a missing file, wrong columns, an
    unknown product, label or split, and a span outside its title.
    """
    path = gold / ENTITIES
    rows: dict[str, int] = {product.id: row for row, product in enumerate(products)}
    titles: dict[str, str] = {product.id: product.title for product in products}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, f"cannot be read as labels of entities ({error}).") from error
    if not lines or lines[0].split("\t") != _HEADER:
        raise DataError(path, f"must begin with the columns {', '.join(_HEADER)}, tab separated.", line=1)
    spans = set()
    for number, line in enumerate(lines[1:], start=2):
        problem, span = _span(line, rows, titles)
        if problem or span is None:
            raise DataError(path, problem, line=number)
        if line.split("\t")[4] == split:
            spans.add(span)
    return frozenset(spans)


def _span(line: str, rows: Mapping[str, int], titles: Mapping[str, str]) -> tuple[str, GoldSpan | None]:
    """What is wrong with a line, or its span."""
    cells = line.split("\t")
    if len(cells) != len(_HEADER):
        return f"has {len(cells)} cells; {len(_HEADER)} are needed.", None
    product, start, end, label, split = cells
    if product not in rows:
        return f"names the product {product!r}, which the catalogue does not hold.", None
    if label not in list(Label):
        return f"names the label {label!r}; use one of {', '.join(Label)}.", None
    if split not in SPLITS:
        return f"names the split {split!r}; use one of {', '.join(SPLITS)}.", None
    if not (start.isdecimal() and end.isdecimal() and int(start) < int(end) <= len(titles[product])):
        return f"gives the span {start} to {end}, which is not inside the title of {product!r}.", None
    return "", GoldSpan(rows[product], int(start), int(end), Label(label))


def _exact(found: set[GoldSpan], gold: set[GoldSpan]) -> Counts:
    right = len(found & gold)
    return Counts(right, len(found), right, len(gold))


def _overlapping(found: set[GoldSpan], gold: frozenset[GoldSpan], label: Label) -> Counts:
    there: defaultdict[int, list[GoldSpan]] = defaultdict(list)
    for span in gold:
        if span.label is label:
            there[span.row].append(span)
    ours = [span for span in found if span.label is label]
    touched: Counter[GoldSpan] = Counter()
    right = 0
    for span in ours:
        meets = [each for each in there[span.row] if each.start < span.end and span.start < each.end]
        touched.update(meets)
        right += bool(meets)
    return Counts(right, len(ours), len(touched), sum(map(len, there.values())))
