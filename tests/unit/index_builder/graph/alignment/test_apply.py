"""What an alignment does to the graph: categories as nodes, tied to the shop's own types, with names that do
not fight the shop's.
"""

import numpy as np
import pytest

from engine.types import EntityKind
from index_builder.graph.alignment.apply import CategoryReport, apply_alignment
from index_builder.graph.alignment.products import ProductAlignment
from index_builder.graph.draft import Draft, Edge, Node, Origin
from index_builder.graph.facts import extract
from index_builder.graph.ontologies.ontology import Concept
from index_builder.graph.ontologies.taxonomy import Taxonomy
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri, ontology_graph
from tests.unit.index_builder.graph.alignment.kitchen import (
    KNIVES,
    MUGS,
    PANS,
    PRODUCTS,
    TAXONOMY,
    WOKS,
    product,
)

GRAPH = ontology_graph("kitchen")
SURE = [0.95, 0.9, 0.9, 0.8, 0.8, 0.6, 0.9, 0.4]
ALIGNMENT = ProductAlignment(
    np.array([[place, -1, -1] for place in (PANS, PANS, WOKS, MUGS, MUGS, KNIVES, WOKS, MUGS)], np.int32),
    np.array([[sure, 0, 0] for sure in SURE], np.float32),
)


def category(draft: Draft, name: str) -> Node:
    return draft.nodes[node_iri("taxonomy", "kitchen", name)]


@pytest.fixture
def draft() -> Draft:
    made = extract(PRODUCTS)
    apply_alignment(made, TAXONOMY, ALIGNMENT)
    return made


def edge(one: str, term: Term, other: str, source: str = SourceGraph.ALIGNMENT) -> Edge:
    return Edge(one, term, other, source)


def test_products_hang_on_their_first_category_as_sure_as_it_is(draft: Draft) -> None:
    pans = category(draft, "k-1-1")
    assert (pans.kind, pans.label, pans.source) == (EntityKind.CATEGORY, "Frying Pans", GRAPH)
    assert pans.rows == [0, 1]
    assert pans.origins_of(1) == (Origin(SourceGraph.ALIGNMENT, float(np.float32(0.9))),)


def test_an_unsure_product_hangs_nowhere(draft: Draft) -> None:
    assert category(draft, "k-2").rows == [3, 4]  # row 7 is a mug with .4


def test_all_above_a_category_comes_with_it_and_nothing_else(draft: Draft) -> None:
    cookware, kitchen = category(draft, "k-1"), category(draft, "k")
    assert edge(category(draft, "k-1-1").iri, Term.BROADER, cookware.iri, GRAPH) in draft.edges
    assert edge(cookware.iri, Term.BROADER, kitchen.iri, GRAPH) in draft.edges
    assert node_iri("taxonomy", "kitchen", "k-3-1") not in draft.nodes  # no product sharpens knives


def test_a_type_with_the_categorys_name_is_the_same_in_both_directions(draft: Draft) -> None:
    own, theirs = node_iri("type", "frying pan"), category(draft, "k-1-1").iri
    assert edge(own, Term.EXACT_MATCH, theirs) in draft.edges
    assert edge(theirs, Term.EXACT_MATCH, own) in draft.edges


def test_a_type_with_another_name_is_narrower(draft: Draft) -> None:
    mug = node_iri("type", "mug")
    assert edge(mug, Term.BROADER, category(draft, "k-2").iri) in draft.edges
    assert draft.nodes[mug].names["马克杯"] == 0.8  # the part of the Chinese name that translates it


def test_a_chinese_name_links_to_the_shops_type_first_and_to_the_category_weakly(draft: Draft) -> None:
    own, theirs = draft.nodes[node_iri("type", "frying pan")], category(draft, "k-1-1")
    assert own.names["平底锅"] >= 0.8
    assert theirs.names["煎锅/平底锅"] == 0.8  # nobody else is called both at once
    assert theirs.names["frying pans"] == 0.25  # the type's name


def test_a_category_that_no_type_names_answers_to_all_its_names(draft: Draft) -> None:
    mugs = category(draft, "k-2")
    assert mugs.names["马克杯和杯子"] == 0.8
    assert mugs.names["杯子"] == 0.6  # a part
    assert mugs.names["马克杯"] == 0.25  # the type's by now


def test_types_in_two_languages_meet_in_their_category(draft: Draft) -> None:
    english, chinese = node_iri("type", "wok"), node_iri("type", "炒锅")
    woks = category(draft, "k-1-2").iri
    assert {edge(english, Term.EXACT_MATCH, woks), edge(chinese, Term.EXACT_MATCH, woks)} <= draft.edges
    assert draft.nodes[english].names["炒锅"] == 0.8
    assert draft.nodes[chinese].names["woks"] == 0.8


def test_a_name_that_another_category_has_too_is_less_sure_and_no_part() -> None:
    twice = Taxonomy(
        "kitchen",
        [
            *TAXONOMY.concepts,
            Concept("urn:t/cups", {"en": "Cups"}),
            Concept("urn:t/knives", {"en": "Kitchen Knives"}),
        ],
        TAXONOMY.broader,
        ids=[*TAXONOMY.ids, "x-1", "x-2"],
    )
    draft = extract(PRODUCTS)
    draft.nodes[node_iri("type", "kitchen knife")].names = {"blade": 1.0}
    apply_alignment(draft, twice, ALIGNMENT)
    assert "cups" not in category(draft, "k-2").names
    assert category(draft, "k-3").names["kitchen knives"] == 0.5


@pytest.mark.parametrize(("mugs", "tied"), [(3, True), (2, False)])
def test_a_type_with_another_categorys_name_is_tied_only_if_nearly_all_products_agree(
    mugs: int, tied: bool
) -> None:
    """The shop calls all of its mugs "wok", or two of three: 2 / 3 is above .6 and below .9."""
    products = [product(number, "Thing", "wok") for number in range(3)]
    draft = extract(products)
    places = [[MUGS, -1, -1]] * mugs + [[WOKS, -1, -1]] * (3 - mugs)
    alignment = ProductAlignment(np.array(places, np.int32), np.array([[0.9, 0, 0]] * 3, np.float32))

    assert apply_alignment(draft, TAXONOMY, alignment).types == tied
    broader = edge(node_iri("type", "wok"), Term.BROADER, category(draft, "k-2").iri)
    assert (broader in draft.edges) == tied


def test_categories_above_answer_less_surely_and_the_broadest_least(draft: Draft) -> None:
    assert category(draft, "k-1").names["炊具"] == 0.5
    assert category(draft, "k").names["厨房"] == 0.4


def test_the_report_counts() -> None:
    report = apply_alignment(extract(PRODUCTS), TAXONOMY, ALIGNMENT)
    # all but the unsure one; pans, woks, mugs, knives, with cookware and kitchen above them; the types are
    # frying pan, wok, mug, kitchen knife, 炒锅
    assert report == CategoryReport(products=7, categories=6, types=5, chinese_names=6)


def test_applying_twice_changes_nothing_more(draft: Draft) -> None:
    before = (sorted(draft.edges), {iri: list(node.rows) for iri, node in draft.nodes.items()})
    apply_alignment(draft, TAXONOMY, ALIGNMENT)
    assert (sorted(draft.edges), {iri: node.rows for iri, node in draft.nodes.items()}) == before


def test_an_alignment_of_other_products_is_refused() -> None:
    with pytest.raises(ValueError, match="other products"):
        apply_alignment(extract(PRODUCTS[:2]), TAXONOMY, ALIGNMENT)
