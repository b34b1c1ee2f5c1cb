"""By name alone: what a thing is stands last in its name, and a category may be none."""

import pytest

from engine.types import Product, ProductId
from index_builder.graph.alignment.named import NARROWER, SAID, SAME, align_by_name
from index_builder.graph.facts import extract
from index_builder.graph.ontologies.ontology import Concept, Ontology

SHOP = Ontology(
    "shop",
    [
        Concept("urn:lamp", {"en": "Lamps", "zh": "灯具"}),
        Concept("urn:table-lamp", {"en": "Table lamps", "zh": "台灯"}),
        Concept("urn:sofa-bed", {"en": "Sofa beds"}),
        Concept("urn:kettle", {"en": "Kettles"}, {"en": ("Water boilers",)}),
        Concept("urn:raincoat", {"en": "Raincoats", "zh": "雨衣"}),
    ],
    [(1, 0)],
)


def found(title: str, kind: str) -> list[tuple[str, float]]:
    products = [Product(id=ProductId("1"), title=title, attributes={"product_type": kind} if kind else {})]
    alignment = align_by_name(products, extract(products), SHOP)
    places = alignment.categories[0].tolist()
    sure = [round(float(each), 2) for each in alignment.confidence[0]]
    return [
        (SHOP.concepts[place].label, confidence)
        for place, confidence in zip(places, sure, strict=True)
        if place >= 0
    ]


@pytest.mark.parametrize(
    ("title", "kind", "expected"),
    [
        ("Lumo", "kettles", [("Kettles", SAME)]),
        ("Lumo", "water boiler", [("Kettles", SAME)]),
        ("Lumo", "travel kettle", [("Kettles", NARROWER)]),
        ("Lumo", "bedside table lamp", [("Table lamps", NARROWER), ("Lamps", NARROWER)]),
        ("Lumo Table Light", "hall lamp", [("Table lamps", SAID), ("Lamps", NARROWER)]),
        ("Lumo", "kettle stand", []),  # a stand is no kettle
        ("Lumo", "raised bed", []),  # and not every bed is a sofa bed
        ("狗狗四脚雨衣", "宠物雨衣", [("Raincoats", NARROWER)]),
        ("Lumo", "teapot", []),
    ],
)
def test_a_product_is_of_the_concepts_that_its_type_and_title_name(
    title: str, kind: str, expected: list[tuple[str, float]]
) -> None:
    assert found(title, kind) == expected


def test_a_product_without_a_type_is_tied_to_nothing() -> None:
    products = [Product(id=ProductId("1"), title="Kettles")]
    draft = extract(products)
    draft.types = [""]
    assert align_by_name(products, draft, SHOP).categories.tolist() == [[-1, -1, -1]]
