"""Shopify's product taxonomy, as a folder of tables: categories, their attributes, the attributes' values.

    categories.tsv[.gz]        category_id, parent_id, level, name, full_path, attribute_ids (comma-separated)
    attributes.jsonl[.gz]      attribute_id, name, values (value ids), extends (an attribute id or null)
    values.tsv[.gz]            value_id, name, attribute_id
    categories_zh-CN.tsv[.gz]  category_id, full_path_zh                                  (may be missing)

https://github.com/Shopify/product-taxonomy (MIT licence).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError
from index_builder.graph.ontologies.ontology import Concept, Ontology, check_acyclic
from index_builder.graph.ontologies.taxonomy_files import Line, find_table, read_attributes, read_table

_SEPARATOR = " > "
CATEGORY_IRI = "gid://shopify/TaxonomyCategory/"
ATTRIBUTE_IRI = "gid://shopify/TaxonomyAttribute/"
VALUE_IRI = "gid://shopify/TaxonomyValue/"


@dataclass(frozen=True, slots=True)
class TaxonomyAttribute:
    """`values` are places in the taxonomy's values."""

    id: str
    name: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaxonomyValue:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Taxonomy(Ontology):
    """Concepts are categories, in the file's order; `category_attributes[i]` are places in `attributes`."""

    ids: Sequence[str] = ()
    attributes: Sequence[TaxonomyAttribute] = ()
    values: Sequence[TaxonomyValue] = ()
    category_attributes: Sequence[tuple[int, ...]] = ()


def load_taxonomy(folder: Path) -> Taxonomy:
    """Raises DataError naming file and line: a missing table or column, an id that is stated twice or named
    but not stated, bytes that are not UTF-8, damaged gzip data, a circle of parents.
    """
    path = _required(folder, "categories.tsv")
    lines = list(read_table(path, ("category_id", "parent_id", "name", "attribute_ids")))
    places = _places(path, lines, "category_id")
    values_path = _required(folder, "values.tsv")
    values = list(read_table(values_path, ("value_id", "name", "attribute_id")))
    value_places = _places(values_path, values, "value_id")
    attributes = _attributes(_required(folder, "attributes.jsonl"), value_places)
    attribute_places = {each.id: place for place, each in enumerate(attributes)}
    chinese = _chinese(folder, places)
    taxonomy = Taxonomy(
        name=folder.resolve().name,
        concepts=tuple(_concept(line, chinese) for line in lines),
        broader=sorted(_broader(path, lines, places)),
        ids=tuple(line.cells["category_id"] for line in lines),
        attributes=attributes,
        values=tuple(TaxonomyValue(line.cells["value_id"], line.cells["name"]) for line in values),
        category_attributes=tuple(_attribute_places(path, line, attribute_places) for line in lines),
    )
    check_acyclic(path, taxonomy)
    return taxonomy


def _required(folder: Path, name: str) -> Path:
    found = find_table(folder, name)
    if found is None:
        raise DataError(folder, f"is no taxonomy folder: it holds neither {name} nor {name}.gz.")
    return found


def _places(path: Path, lines: Sequence[Line], key: str) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, line in enumerate(lines):
        name = line.cells[key]
        if not name or name in places:
            problem = f"{key} {name!r} is stated twice." if name else f"{key} is empty."
            raise DataError(path, problem, line=line.number)
        places[name] = place
    return places


def _broader(path: Path, lines: Sequence[Line], places: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    for place, line in enumerate(lines):
        parent = line.cells["parent_id"]
        if parent and parent not in places:
            raise DataError(
                path,
                f"the parent {parent!r} of {line.cells['category_id']!r} is not there.",
                line=line.number,
            )
        if parent:
            yield place, places[parent]


def _concept(line: Line, chinese: Mapping[str, str]) -> Concept:
    name = chinese.get(line.cells["category_id"], "")
    return Concept(
        CATEGORY_IRI + line.cells["category_id"],
        {"en": line.cells["name"], **({"zh-cn": name} if name else {})},
    )


def _attribute_places(path: Path, line: Line, places: Mapping[str, int]) -> tuple[int, ...]:
    names = [name for name in line.cells["attribute_ids"].split(",") if name]
    for name in names:
        if name not in places:
            raise DataError(
                path,
                f"the attribute {name!r} of {line.cells['category_id']!r} is not there.",
                line=line.number,
            )
    return tuple(places[name] for name in names)


def _attributes(path: Path, value_places: Mapping[str, int]) -> tuple[TaxonomyAttribute, ...]:
    """An attribute that extends another and states no values of its own has those of the other."""
    stated = read_attributes(path)
    values = {each.id: each.values for each in stated}
    found = []
    for each in stated:
        for name in each.values:
            if name not in value_places:
                raise DataError(path, f"the value {name!r} of {each.id!r} is not there.", line=each.number)
        names = each.values or values.get(each.extends, ())
        found.append(
            TaxonomyAttribute(each.id, each.name, tuple(value_places[n] for n in names if n in value_places))
        )
    return tuple(found)


def _chinese(folder: Path, places: Mapping[str, int]) -> dict[str, str]:
    """The last name of each Chinese path."""
    path = find_table(folder, "categories_zh-CN.tsv")
    if path is None:
        return {}
    lines = read_table(path, ("category_id", "full_path_zh"))
    return {
        line.cells["category_id"]: line.cells["full_path_zh"].rsplit(_SEPARATOR, 1)[-1].strip()
        for line in lines
        if line.cells["category_id"] in places
    }
