"""A taxonomy of a kitchen and a shop that sells some of it."""

from engine.types import Product, ProductId
from index_builder.graph.ontologies.ontology import Concept
from index_builder.graph.ontologies.taxonomy import Taxonomy, TaxonomyAttribute, TaxonomyValue

KITCHEN, COOKWARE, PANS, WOKS, MUGS, KNIVES, CARE = range(7)

TAXONOMY = Taxonomy(
    name="kitchen",
    concepts=[
        Concept("urn:t/k", {"en": "Kitchen", "zh-cn": "厨房"}),
        Concept("urn:t/k-1", {"en": "Cookware", "zh-cn": "炊具"}),
        Concept("urn:t/k-1-1", {"en": "Frying Pans", "zh-cn": "煎锅/平底锅"}),
        Concept("urn:t/k-1-2", {"en": "Woks", "zh-cn": "炒锅"}),
        Concept("urn:t/k-2", {"en": "Mugs & Cups", "zh-cn": "马克杯和杯子"}),
        Concept("urn:t/k-3", {"en": "Kitchen Knives", "zh-cn": "厨刀"}),
        Concept("urn:t/k-3-1", {"en": "Knife Sharpeners", "zh-cn": "磨刀器"}),
    ],
    broader=[(1, 0), (2, 1), (3, 1), (4, 0), (5, 0), (6, 5)],
    ids=["k", "k-1", "k-1-1", "k-1-2", "k-2", "k-3", "k-3-1"],
    attributes=[
        TaxonomyAttribute("color", "Color", (0, 1)),
        TaxonomyAttribute("coating_type", "Coating type", (2, 3, 4)),
    ],
    values=[
        TaxonomyValue("color__black", "Black"),
        TaxonomyValue("color__gray", "Gray"),
        TaxonomyValue("coating__ceramic", "Ceramic"),
        TaxonomyValue("coating__ptfe", "PTFE (Teflon)"),
        TaxonomyValue("coating__ptfe_2", "PTFE 2.0"),
    ],
    category_attributes=[(), (), (0, 1), (0, 1), (0,), (), ()],
)


def product(number: int, title: str, kind: str = "", **attributes: str) -> Product:
    stated = {"product_type": kind, **attributes} if kind else attributes
    return Product(id=ProductId(str(number)), title=title, attributes=stated)


PRODUCTS = [
    product(0, "Ember Frying Pan 24 cm", "frying pan", coating_type="Ceramic", color="Black"),
    product(1, "Ember Frying Pan 28 cm", "frying pan", coating_type="Ceramic", color="Grey"),
    product(2, "Ember Wok", "wok", coating_type="PTFE", color="Black"),
    product(3, "Morning Mug", "mug", color="Black"),
    product(4, "Evening Mug", "mug", color="Grey"),
    product(5, "Ember Chef's Knife", "kitchen knife"),
    product(6, "不粘炒锅 32厘米", "炒锅", coating_type="PTFE"),
    product(7, "Gift Card"),
]
