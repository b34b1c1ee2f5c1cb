"""Every field of an answer about the graph is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartograph.v1 import knowledge_graph_service_pb2 as pb
from engine.browsing.browser import GraphBrowser
from engine.graph_values import (
    DescribeRequest,
    GraphAnswer,
    NeighboursRequest,
    Solutions,
    Term,
    TermKind,
    Triples,
)
from engine.rpc.convert import graph
from tests.small_graph import BLACK, INKO, JET_BLACK, LX300, ROOT, open_small_graph, write_small_graph
from tests.unit.rpc.test_answers import unset

IRI, BLANK = Term(TermKind.IRI, "urn:a"), Term(TermKind.BLANK_NODE, "b0")
TEXT = Term(TermKind.LITERAL, "黑色", "zh", "urn:langString")
QUOTED = Term(TermKind.TRIPLE, "<<( <urn:a> <urn:b> <urn:c> )>>")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphBrowser]:
    opened = open_small_graph(write_small_graph(tmp_path_factory.mktemp("graph")))
    yield opened.browser
    opened.close()


def test_a_description_is_written_whole(browser: GraphBrowser) -> None:
    black = graph.description(browser.describe(DescribeRequest(name="black")))

    assert black.entity.id == BLACK
    assert [name.text for name in black.names] == ["black", "黑色"]
    assert black.relation == "color"
    assert [node.id for node in black.narrower_entities] == [JET_BLACK]
    assert [node.kind for node in black.other_entities] == ["attribute_value"]
    assert black.generation_id == "g-graph"
    statement = black.product_statements[2]
    assert set(unset(statement)) == {
        "literal",  # there is a node
        "node.attribute",  # of a product: it has none
        "node.product_count",
        "evidence.start_offset",  # its first word
        "evidence.relation",  # the product is black itself
    }


def test_statements_of_a_relation_stand_together(browser: GraphBrowser) -> None:
    ink = graph.description(browser.describe(DescribeRequest(iri=f"{ROOT}product:P%201")))

    groups = {group.relation: len(group.statements) for group in ink.statement_groups}
    assert groups == {"brand": 1, "color": 1, "fits": 1, "is a": 1, "similar": 1}
    fits = next(group for group in ink.statement_groups if group.relation == "fits").statements[0]
    assert (fits.node.id, fits.predicate_id) == (LX300, "https://schema.org/isAccessoryOrSparePartFor")
    assert set(unset(fits)) == {"literal", "node.product_id"}
    black = graph.description(browser.describe(DescribeRequest(iri=BLACK)))
    (other_name,) = black.statement_groups
    assert other_name.statements[0].literal.language == "zh"
    assert not other_name.statements[0].HasField("node")


def test_a_page_of_neighbours_is_written_whole(browser: GraphBrowser) -> None:
    page = graph.neighbour_page(browser.neighbours(NeighboursRequest(INKO, page_size=2)))

    assert set(unset(page)) == {
        "neighbors.node.product_id",  # of the first, a target
        "neighbors.node.product_count",  # of the second, a product
        "neighbors.node.attribute",
    }
    assert {neighbor.direction for neighbor in page.neighbors} == {pb.DIRECTION_INCOMING}


def test_senses_of_a_span_stand_together_the_surest_first(browser: GraphBrowser) -> None:
    read = graph.linked_text(browser.link("blakc inko lx300"))

    assert [(span.start_token, span.end_token, span.text) for span in read.spans] == [
        (0, 1, "black"),
        (1, 3, "inko lx300"),
    ]
    assert [sense.entity.kind for sense in read.spans[0].senses] == ["color", "attribute_value"]
    assert [(each.written, each.read_as) for each in read.corrections] == [("blakc", "black")]
    assert list(read.tokens) == ["black", "inko", "lx300"]


def test_every_kind_of_term_has_its_place_in_the_contract() -> None:
    assert {graph.term(each).WhichOneof("kind") for each in (IRI, BLANK, TEXT, QUOTED)} == {
        field.name for field in pb.RdfTerm.DESCRIPTOR.oneofs_by_name["kind"].fields
    }
    assert graph.term(None).WhichOneof("kind") is None
    literal = graph.term(TEXT).literal
    assert (literal.value, literal.language, literal.datatype_id) == ("黑色", "zh", "urn:langString")


def test_the_three_forms_of_an_answer() -> None:
    table = graph.answer(GraphAnswer(Solutions(("x", "y"), ((IRI, None),)), 1.25, "g-1"))
    assert list(table.table.variables) == ["x", "y"]
    assert [term.WhichOneof("kind") for term in table.table.rows[0].terms] == ["iri", None]
    assert (table.elapsed_duration.ToMilliseconds(), table.generation_id) == (1_250, "g-1")

    triples = graph.answer(GraphAnswer(Triples(((IRI, IRI, TEXT),)), 0.0))
    assert triples.triples.triples[0].object.literal.value == "黑色"

    for truth in (True, False):
        boolean = graph.answer(GraphAnswer(truth, 0.0))
        assert (boolean.WhichOneof("answer"), boolean.boolean) == ("boolean", truth)
    assert graph.answer(GraphAnswer(Solutions((), ()), 0.0)).WhichOneof("answer") == "table"
