"""How well relations are read from text, measured against hand-made labels.

A labelled product was read in full, so a relation found in it that is not in the labels is wrong. Three ways
to compare stand side by side: the same span and relation; overlapping spans and the same relation; and
overlapping spans, whichever relation.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError
from engine.types import Product
from index_builder.graph.evidence import Mention, Relation, TextField

RELATIONS, READ_PRODUCTS = "relations.tsv", "relation_products.tsv"
SPLITS = ("dev", "test")
_COLUMNS = ("product_id", "field", "start", "end", "relation", "split")


@dataclass(frozen=True, slots=True, order=True)
class GoldRelation:
    """Characters `[start, end)` of a product's title or description name what it stands in `relation` to."""

    product_id: str
    field: TextField
    start: int
    end: int
    relation: Relation


@dataclass(frozen=True, slots=True)
class GoldRelations:
    """The products of a split that were read in full, by id, and every relation found in them."""

    products: frozenset[str]
    relations: tuple[GoldRelation, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of found relations that are right, found ones, and labelled ones that were found or not."""

    right: int
    found: int
    reached: int
    labelled: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.reached / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class RelationScores:
    """Over all relations in three ways of comparing, and the two strict ones for each relation."""

    strict: Score
    overlap: Score
    any_relation: Score
    by_relation: Mapping[Relation, Score]
    by_relation_overlap: Mapping[Relation, Score]


def read_gold_relations(folder: Path, split: str) -> GoldRelations:
    """Raises DataError with file and line for a missing file, a wrong header or a wrong row."""
    products = {
        row["product_id"]
        for _, row in _rows(folder / READ_PRODUCTS, ("product_id", "split"))
        if row["split"] == split
    }
    path = folder / RELATIONS
    relations = []
    for line, row in _rows(path, _COLUMNS):
        if row["split"] != split:
            continue
        if row["product_id"] not in products:
            raise DataError(path, f"product {row['product_id']} is not in {READ_PRODUCTS}; add it", line=line)
        relations.append(_relation(path, line, row))
    return GoldRelations(frozenset(products), tuple(sorted(relations)))


def measure_relations(
    folder: Path, products: Sequence[Product], mentions: Sequence[Mention], split: str
) -> RelationScores:
    """Scores of the mentions that have a relation. Labelled products that the catalogue lacks are left out.

    Of several mentions with the same span and relation one counts.
    """
    gold = read_gold_relations(folder, split)
    ids = {row: str(product.id) for row, product in enumerate(products) if product.id in gold.products}
    found = {
        GoldRelation(ids[each.row], each.field, each.start, each.end, each.relation)
        for each in mentions
        if each.relation is not None and each.row in ids
    }
    known = set(ids.values())
    wanted = {relation for relation in gold.relations if relation.product_id in known}
    return RelationScores(
        _score(found, wanted, _is_same),
        _score(found, wanted, _overlaps_alike),
        _score(found, wanted, _overlaps),
        {each: _score(*_only(each, found, wanted), _is_same) for each in Relation},
        {each: _score(*_only(each, found, wanted), _overlaps_alike) for each in Relation},
    )


def _only(relation: Relation, *groups: set[GoldRelation]) -> tuple[set[GoldRelation], set[GoldRelation]]:
    found, wanted = ({each for each in group if each.relation is relation} for group in groups)
    return found, wanted


def _score(
    found: set[GoldRelation], wanted: set[GoldRelation], fits: Callable[[GoldRelation, GoldRelation], bool]
) -> Score:
    by_text: defaultdict[tuple[str, TextField], list[GoldRelation]] = defaultdict(list)
    for each in sorted(wanted):
        by_text[each.product_id, each.field].append(each)
    reached: set[GoldRelation] = set()
    counts: Counter[bool] = Counter()
    for each in found:
        partners = [other for other in by_text[each.product_id, each.field] if fits(each, other)]
        reached.update(partners)
        counts[bool(partners)] += 1
    return Score(counts[True], len(found), len(reached), len(wanted))


def _is_same(one: GoldRelation, other: GoldRelation) -> bool:
    return one == other


def _overlaps(one: GoldRelation, other: GoldRelation) -> bool:
    return one.start < other.end and other.start < one.end


def _overlaps_alike(one: GoldRelation, other: GoldRelation) -> bool:
    return one.relation is other.relation and _overlaps(one, other)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = next(reader, [])
            if header != list(columns):
                raise DataError(path, f"the first line must be: {' '.join(columns)} (tab separated)", line=1)
            for line, cells in enumerate(reader, start=2):
                if len(cells) != len(columns):
                    problem = f"{len(cells)} columns instead of {len(columns)}: {', '.join(columns)}"
                    raise DataError(path, problem, line=line)
                row = dict(zip(columns, cells, strict=True))
                if row["split"] not in SPLITS:
                    raise DataError(path, f"split {row['split']!r} is neither dev nor test", line=line)
                yield line, row
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, "is missing or is not UTF-8 text") from error


def _relation(path: Path, line: int, row: Mapping[str, str]) -> GoldRelation:
    try:
        field = TextField(row["field"])
    except ValueError as error:
        problem = f"field {row['field']!r} is neither title nor description"
        raise DataError(path, problem, line=line) from error
    try:
        relation = Relation(row["relation"])
    except ValueError as error:
        known = ", ".join(Relation)
        raise DataError(path, f"relation {row['relation']!r} is none of {known}", line=line) from error
    if not (row["start"].isdecimal() and row["end"].isdecimal() and int(row["start"]) < int(row["end"])):
        raise DataError(
            path, f"span {row['start']}:{row['end']} is not start < end, counted from 0", line=line
        )
    return GoldRelation(row["product_id"], field, int(row["start"]), int(row["end"]), relation)
