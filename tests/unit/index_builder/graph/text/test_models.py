import pytest

from engine.types import Product
from index_builder.graph.evidence import Label
from index_builder.graph.facts import extract
from index_builder.graph.text.read import read_texts
from tests.unit.index_builder.graph.text.shop import product, shop


def models(added: Product) -> list[str]:
    products = [*shop(), added]
    return [
        added.title[mention.start : mention.end]
        for mention in read_texts(products, extract(products))
        if mention.row == len(products) - 1 and mention.label is Label.MODEL
    ]


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Acme QX77-B desk lamp", ["QX77-B"]),  # letters and digits that no other title has
        ("Nordlys Aurora 450 desk lamp", ["450"]),  # a number after a series
        ("Nordlys Aurora 8540w desk lamp", ["8540w"]),  # and no power of 8,540 watts
        ("Acme 2020 desk lamp", ["2020"]),  # a number after the brand
        ("Acme desk lamp 230V 50Hz", []),
        ("Acme desk lamp 450", []),
    ],
)
def test_models_are_known_by_shape_and_place(title: str, found: list[str]) -> None:
    assert models(product(title, title.partition(" ")[0])) == found


def test_a_stated_model_is_found_without_the_words_of_the_type() -> None:
    assert models(product("Acme LT99 desk lamp", "Acme", model="LT99 desk lamp")) == ["LT99"]


def test_a_name_that_is_nothing_else_is_a_model() -> None:
    assert models(product("Acme Sternenhimmel", "Acme", model="Sternenhimmel")) == ["Sternenhimmel"]


def test_words_that_attributes_state_are_no_models() -> None:
    assert models(product("Acme desk lamp GU10", "Acme", socket="GU10")) == []
