"""Names that shops use for the categories of product taxonomies, in a table written for this project."""

from __future__ import annotations

from functools import cache
from importlib import resources

from engine.text import normalise
from index_builder.graph.ontologies.ontology import Ontology

_SEPARATOR = " > "


def other_names(ontology: Ontology) -> list[tuple[str, ...]]:
    """For each concept the table's names, by its own name and the broader one's, so that a pipe's adapters
    are not a cable's; () for most.
    """
    table = _table()
    parents = ontology.parents()
    found = []
    for place, concept in enumerate(ontology.concepts):
        above = ontology.concepts[parents[place][0]].label if parents[place] else ""
        found.append(table.get((normalise(above), normalise(concept.label)), ()))
    return found


@cache
def _table() -> dict[tuple[str, str], tuple[str, ...]]:
    text = resources.files(__package__).joinpath("category_names.tsv").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines()[1:]:
        path, names = line.split("\t")
        above, _, name = path.rpartition(_SEPARATOR)
        found[normalise(above), normalise(name)] = tuple(names.split(","))
    return found
