from index_builder.graph.evidence import Label
from index_builder.graph.facts import extract
from index_builder.graph.ontologies.ontology import Concept, Ontology
from index_builder.graph.ontologies.taxonomy import Taxonomy, TaxonomyAttribute, TaxonomyValue
from index_builder.graph.text.gazetteer_names import (
    draft_entries,
    lexicon_entries,
    ontology_entries,
    target_entries,
)
from index_builder.graph.text.lexicons import text_lexicons
from tests.unit.index_builder.graph.text.shop import product


def test_a_brand_answers_to_its_short_name_on_its_own_products_and_on_others() -> None:
    products = [product("Lamp", "Lumo Inc.")]

    found = {(entry.name, entry.brand) for entry in draft_entries(extract(products), products)}

    assert found == {("lumo inc.", ""), ("lumo inc.", "lumo inc."), ("lumo", ""), ("lumo", "lumo inc.")}


def test_a_stated_series_holds_for_the_brands_that_state_it() -> None:
    products = [product("Lamp", "Lumo", series="Zephyr")]

    series = [entry for entry in draft_entries(extract(products), products) if entry.label is Label.SERIES]

    assert [(entry.name, entry.brand) for entry in series] == [("zephyr", "lumo")]


def test_a_colour_of_few_products_is_doubted() -> None:
    products = [product("Lamp", color=color) for color in ("Mauvewood", "Red", "Red", "Red")]

    sure = {entry.name: entry.confidence for entry in draft_entries(extract(products), products)}

    assert sure["mauvewood"] < 0.5 < sure["red"]


def test_targets_are_names_with_a_number_with_and_without_their_brand() -> None:
    products = [
        product("Filter", "Lumo", compatible_with="Lumo KX-1101"),
        product("Filter", "Acme", compatible_with="kettles"),
    ]

    assert {entry.name for entry in target_entries(extract(products))} == {"lumo kx-1101", "kx-1101"}


def test_concepts_are_types_in_both_numbers_and_both_languages() -> None:
    kinds = Ontology("kinds", (Concept("urn:cup", {"en": "Vacuum Cups", "zh": "保温杯"}),), ())

    found = {(entry.name, entry.label) for entry in ontology_entries([kinds])}

    assert found == {
        ("vacuum cups", Label.TYPE),
        ("vacuum cup", Label.TYPE),
        ("保温杯", Label.TYPE),
    }


def test_values_of_a_taxonomy_are_what_their_attribute_says() -> None:
    taxonomy = Taxonomy(
        "shop",
        (),
        (),
        attributes=(
            TaxonomyAttribute("1", "Color", (0, 1)),
            TaxonomyAttribute("2", "Occasion", (2,)),
            TaxonomyAttribute("3", "Voltage", (3,)),
        ),
        values=(
            TaxonomyValue("1", "Teal"),
            TaxonomyValue("2", "Other"),
            TaxonomyValue("3", "Picnic"),
            TaxonomyValue("4", "12 V"),
        ),
    )

    found = {(entry.name, entry.label) for entry in ontology_entries([taxonomy])}

    assert found == {("teal", Label.COLOR), ("picnic", Label.OCCASION)}


def test_the_shipped_lexicons_speak_both_languages_and_one_name_has_one_meaning() -> None:
    lexicons = text_lexicons()

    assert lexicons.audiences["kids"] == lexicons.audiences["儿童"] == "children"
    assert lexicons.occasions["露营"] == "camping"
    assert {"original", "原装"} <= lexicons.quality
    assert {entry.label for entry in lexicon_entries()} == {
        Label.COLOR, Label.MATERIAL, Label.TYPE, Label.AUDIENCE, Label.OCCASION,
    }  # fmt: skip
