"""One call aligns a catalogue with all that a build was given; the sample shop with its own taxonomy."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import index_builder
from engine.types import EntityKind, Product, ProductId
from index_builder.config import BuildSettings
from index_builder.graph.alignment.categories import names_types, only_categories
from index_builder.graph.alignment.run import AlignmentSummary, align
from index_builder.graph.draft import Draft
from index_builder.graph.facts import extract
from index_builder.graph.infer import drop_identifiers
from index_builder.graph.ontologies.ontology import Concept, Ontology
from index_builder.graph.ontologies.sources import load_sources
from index_builder.intake import take_in
from tests.unit.index_builder.graph.alignment.kitchen import PRODUCTS, TAXONOMY

SAMPLE = Path(index_builder.__file__).parent / "sample"
COLOURS = Ontology(
    "colours",
    [Concept("urn:black", {"en": "Black", "zh": "玄色"}), Concept("urn:dark", {"en": "Dark colours"})],
    [(0, 1)],
)
WARES = Ontology(
    "wares",
    [
        Concept("urn:mug", {"en": "Mugs"}),
        Concept("urn:pan", {"en": "Frying pans"}),
        Concept("urn:grey", {"en": "Grey"}),
        Concept("urn:silver", {"en": "Silver grey"}),
    ],
    [(3, 2)],
)


def test_a_taxonomy_gets_products_and_a_vocabulary_lends_names() -> None:
    draft = extract(PRODUCTS)
    summary = align(draft, PRODUCTS, [TAXONOMY, COLOURS])

    taxonomy, colours = summary.ontologies
    assert taxonomy.categories is not None
    assert taxonomy.categories.products == 7
    assert (taxonomy.keys, taxonomy.values) == (2, 4)  # black, grey, ceramic, PTFE
    assert colours.categories is None
    assert [table.taxonomy for table in summary.tables] == ["kitchen"]
    (black,) = [node for node in draft.of_kind(EntityKind.COLOR) if "black" in node.names]
    assert black.names["玄色"] == 0.85


def test_an_ontology_that_names_enough_product_types_holds_categories() -> None:
    """Frying pans and mugs are 4 of 8 products; of colours none is a type."""
    draft = extract(PRODUCTS)
    assert names_types(draft, WARES)
    assert not names_types(draft, COLOURS)
    assert not names_types(extract([]), WARES)


def test_colours_in_such_a_file_are_no_categories_but_lend_names() -> None:
    draft = extract(PRODUCTS)
    assert [concept.label for concept in only_categories(draft, WARES).concepts] == ["Mugs", "Frying pans"]

    (summary,) = align(draft, PRODUCTS, [WARES]).ontologies

    assert summary.categories is not None
    assert (summary.categories.products, summary.categories.categories) == (4, 2)
    assert summary.merged is not None
    assert summary.merged.nodes == 1  # grey


def test_nothing_given_changes_nothing() -> None:
    draft = extract(PRODUCTS)
    assert align(draft, PRODUCTS, []) == AlignmentSummary((), ())
    assert draft.nodes == extract(PRODUCTS).nodes


def test_a_shop_without_types_is_aligned_too() -> None:
    products = [Product(id=ProductId(str(n)), title="玄色 9000") for n in range(3)]
    (table,) = align(extract(products), products, [TAXONOMY]).tables
    assert len(table.of_product) == 3


Sample = tuple[Sequence[Product], Draft, AlignmentSummary]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    settings = BuildSettings(catalog=(SAMPLE / "products.jsonl",), out=folder)
    products = list(take_in(settings, folder, lambda *_: None).catalogue.products)
    draft = extract(products)
    drop_identifiers(draft)
    return products, draft, align(draft, products, load_sources([SAMPLE / "taxonomy.ttl"]))


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("PrintNova 2540 All-in-One Inkjet Printer", "Printers"),
        ("PN-25XL High-Yield Black Ink", "Ink cartridges"),
        ("Pebble Buds True Wireless Earphones", "Earbuds"),
        ("Nook Sleeper with Storage", "Sofa beds"),
        ("Cozlet Hop Travel Buggy", "Pushchairs"),
        ("静音无线鼠标 粉色", "Mouse"),
        ("北欧风布艺双人沙发 米白色", "Sofas"),
        ("智能电饭煲 3升", "Rice cookers"),
        ("护眼LED台灯 可调光", "Table lamps"),
        ("Felt Sleeve 14 inch Grey", None),  # a sleeve is no laptop
        ("Intenso Coffee Capsules, 50 Pieces", None),  # and a capsule no machine
        ("Larch Raised Bed 120 x 80 cm", None),
    ],
)
def test_the_samples_products_find_their_categories(sample: Sample, title: str, label: str | None) -> None:
    products, _, summary = sample
    (row,) = [row for row, product in enumerate(products) if product.title == title]
    best = summary.tables[0].of_product[row][:1]
    assert [each.label for each in best] == ([label] if label else [])


def test_the_samples_types_gain_chinese_names(sample: Sample) -> None:
    _, draft, _ = sample
    (pan,) = [node for node in draft.of_kind(EntityKind.CATEGORY) if node.names.get("frying pan") == 1.0]
    assert pan.names["平底锅"] >= 0.8
