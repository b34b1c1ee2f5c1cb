from __future__ import annotations

import pytest

from engine.browsing.browser import GraphBrowser
from engine.errors import InvalidArgumentError, NotFoundError
from engine.graph_values import (
    DescribedStatement,
    DescribeRequest,
    GraphNode,
    NameOf,
    Term,
    TermKind,
    TextEvidence,
)
from tests.small_graph import (
    BLACK,
    CATALOGUE,
    GENERATION,
    INFERENCE,
    INKO,
    JET_BLACK,
    LX300,
    NOTE,
    ROOT,
    SHELF,
    SIMILARITY,
    TAGGER,
)

P0, P1, P2, P3 = (f"{ROOT}product:P%20{number}" for number in range(4))


def other_end(statement: DescribedStatement) -> str:
    target = statement.target
    return target.label if isinstance(target, GraphNode) else target.value


def test_an_entity_has_names_a_relation_and_its_place_among_others(browser: GraphBrowser) -> None:
    black = browser.describe(DescribeRequest(iri=BLACK))

    assert black.node == GraphNode(BLACK, "Black", "color", "color", product_count=3)
    assert black.names == (NameOf("black", 1.0), NameOf("黑色", 0.9))
    assert black.relation == "color"
    assert (black.broader, [node.iri for node in black.narrower]) == ((), [JET_BLACK])
    assert black.generation_id == GENERATION
    jet_black = browser.describe(DescribeRequest(iri=JET_BLACK))
    assert [node.iri for node in jet_black.broader] == [BLACK]


def test_the_products_of_an_entity_say_where_they_say_so_the_surest_first(browser: GraphBrowser) -> None:
    black = browser.describe(DescribeRequest(iri=BLACK))

    found = [(other_end(each), each.source, round(each.confidence, 4)) for each in black.products]
    assert found == [
        ("Inko LX300 printer", CATALOGUE, 1.0),
        ("Jet black paper", "", 1.0),  # through jet black, which is narrower
        ("Inko 20 cartridge", TAGGER, 0.8),  # kept as 204 of 255
    ]
    assert black.products[2].evidence == (
        TextEvidence("description", 0, 5, "Black", "color", "tagger", 0.875),
    )
    assert len(browser.describe(DescribeRequest(iri=BLACK, sample=1)).products) == 1


def test_a_product_is_a_node_with_its_statements_by_relation(browser: GraphBrowser) -> None:
    ink = browser.describe(DescribeRequest(iri=P1))

    assert ink.node == GraphNode(P1, "Inko 20 cartridge", "product", product_id="P 1")
    assert [(each.relation, other_end(each), each.source) for each in ink.statements] == [
        ("brand", "Inko", CATALOGUE),
        ("color", "Black", TAGGER),
        ("fits", "Inko LX300", TAGGER),
        ("is a", "https://schema.org/Product", CATALOGUE),
        ("similar", "Inko 20 cartridge cyan", SIMILARITY),
    ]
    assert [round(each.confidence, 4) for each in ink.statements] == [1.0, 0.8, 0.6, 1.0, 0.75]
    assert [each.evidence[0].text for each in ink.statements if each.evidence] == ["Black", "LX300"]


def test_literals_keep_language_and_datatype(browser: GraphBrowser) -> None:
    printer = browser.describe(DescribeRequest(iri=P0))
    (name,) = [each.target for each in printer.statements if each.relation == "name"]
    assert name == Term(
        TermKind.LITERAL, "Inko LX300 printer", datatype="http://www.w3.org/2001/XMLSchema#string"
    )
    black = browser.describe(DescribeRequest(iri=BLACK))
    (chinese,) = [each.target for each in black.statements if each.relation == "other name"]
    assert isinstance(chinese, Term)
    assert (chinese.value, chinese.language) == ("黑色", "zh")


def test_a_concept_of_a_taxonomy_has_a_label_and_no_products(browser: GraphBrowser) -> None:
    shelf = browser.describe(DescribeRequest(iri=SHELF))

    assert shelf.node == GraphNode(SHELF, "Paper & card", "concept")
    assert (shelf.names, shelf.relation, shelf.products) == ((), "", ())


@pytest.mark.parametrize("name", ["black", "  BLACK ", "黑色"])
def test_a_name_finds_the_surest_entity_in_any_language_and_case(browser: GraphBrowser, name: str) -> None:
    assert browser.describe(DescribeRequest(name=name)).node.iri == BLACK


def test_other_entities_of_a_name_are_listed_and_a_kind_chooses(browser: GraphBrowser) -> None:
    black = browser.describe(DescribeRequest(name="black"))
    assert [node.iri for node in black.others] == [NOTE]  # fewer products

    value = browser.describe(DescribeRequest(name="black", kind="attribute_value"))
    assert (value.node.iri, value.others) == (NOTE, ())


@pytest.mark.parametrize(
    ("request_", "resource", "name"),
    [
        (DescribeRequest(iri=f"{ROOT}color:mauve"), "entity", f"{ROOT}color:mauve"),
        (DescribeRequest(iri=f"{ROOT}product:P%209"), "entity", f"{ROOT}product:P%209"),
        (DescribeRequest(iri="no iri"), "entity", "no iri"),
        (DescribeRequest(name="mauve"), "entity", "mauve"),
        (DescribeRequest(name="inko", kind="color"), "color", "inko"),
    ],
)
def test_what_the_graph_does_not_know_is_not_found(
    browser: GraphBrowser, request_: DescribeRequest, resource: str, name: str
) -> None:
    with pytest.raises(NotFoundError) as raised:
        browser.describe(request_)

    assert raised.value.metadata == {"resource": resource, "name": name}


def test_an_unknown_kind_is_refused_with_those_there_are(browser: GraphBrowser) -> None:
    with pytest.raises(InvalidArgumentError, match=r"kind is 'colour'.*brand, category, color") as raised:
        browser.describe(DescribeRequest(name="black", kind="colour"))

    assert raised.value.field == "kind"


def test_targets_and_brands_are_tied_by_what_was_inferred(browser: GraphBrowser) -> None:
    target = browser.describe(DescribeRequest(iri=LX300))

    assert [(each.relation, other_end(each), each.source) for each in target.statements] == [
        ("brand", "Inko", INFERENCE),
        ("same as", "Inko LX300 printer", INFERENCE),
    ]
    assert browser.describe(DescribeRequest(iri=INKO)).node.product_count == 3
