import pytest

from engine.types import Product
from index_builder.graph.facts import extract
from index_builder.graph.text.knowledge import learn
from index_builder.graph.text.titles import prepare
from tests.unit.index_builder.graph.text.shop import product, shop


def types(added: Product, *others: Product) -> list[str]:
    products = [*shop(), *others, added]
    knowledge = learn(products, extract(products))
    title = prepare(added, knowledge.names)
    return [title.folded.text[phrase.start : phrase.end] for phrase in knowledge.types.phrases(title)]


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Acme desk lamp White 2 m", ["desk lamp"]),
        ("Acme original desk lamp", ["desk lamp"]),  # praise is no part of the type
        ("Acme KX-9 water filter", ["water filter"]),
        ("Acme water filter for desk lamp", ["water filter"]),  # what it is for is not what it is
        ("Acme kettle with water filter", ["kettle"]),  # a word of the shipped table
    ],
)
def test_types_are_noun_phrases_that_brands_share(title: str, found: list[str]) -> None:
    assert types(product(title, "Acme")) == found


def test_an_abbreviation_in_brackets_belongs_to_its_phrase() -> None:
    assert types(product("Acme desk lamp (DL) Red", "Acme")) == ["desk lamp (dl)"]


def test_heads_of_things_that_fit_others_are_learned() -> None:
    products = shop()

    knowledge = learn(products, extract(products))

    assert "filter" in knowledge.types.fitting
    assert "lamp" not in knowledge.types.fitting
