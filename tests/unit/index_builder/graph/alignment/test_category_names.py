"""The table of names that shops use for categories."""

from importlib import resources
from pathlib import Path

import pytest

from engine.text import normalise
from index_builder.graph.alignment import category_names
from index_builder.graph.alignment.category_names import other_names
from index_builder.graph.ontologies.ontology import Concept, Ontology
from index_builder.graph.ontologies.taxonomy import load_taxonomy

SHOPIFY = Path("../shared/data/shopify_taxonomy")


def lines() -> list[list[str]]:
    table = resources.files(category_names.__package__).joinpath("category_names.tsv")
    return [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()[1:]]


def test_a_name_belongs_to_a_category_below_a_certain_other() -> None:
    ontology = Ontology(
        "x",
        [Concept("a", {"en": "Furniture"}), Concept("b", {"en": "Sofas"}), Concept("c", {"en": "Sofas"})],
        [(1, 0)],
    )
    assert [("couch" in names) for names in other_names(ontology)] == [False, True, False]


def test_the_table_is_in_order_states_each_category_once_and_each_name_normalised() -> None:
    paths = [path for path, _ in lines()]
    assert paths == sorted(set(paths))
    assert all(name == normalise(name) for _, names in lines() for name in names.split(","))


@pytest.mark.shared
@pytest.mark.skipif(not SHOPIFY.exists(), reason="../shared/data is not there")
def test_every_line_is_a_category_of_shopifys_taxonomy() -> None:
    assert sum(map(bool, other_names(load_taxonomy(SHOPIFY)))) == len(lines())
