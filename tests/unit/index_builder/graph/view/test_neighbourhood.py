"""What of a graph a page gets to show."""

from __future__ import annotations

import pytest

from index_builder.graph.view.find import find
from index_builder.graph.view.neighbourhood import Neighbourhood, around
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.view.overview import overview
from tests.unit.index_builder.graph.view.conftest import iri_of


def inko(graph: OpenedGraph, *, depth: int, max_nodes: int) -> Neighbourhood:
    return around(graph, find(graph, "brand:inko"), depth=depth, max_nodes=max_nodes)


@pytest.mark.parametrize("max_nodes", [2, 5, 20])
def test_the_cap_holds_and_the_center_comes_first(opened: OpenedGraph, max_nodes: int) -> None:
    shown = inko(opened, depth=2, max_nodes=max_nodes)

    assert 2 <= len(shown.nodes) <= max_nodes
    assert shown.nodes[0].node.iri == shown.center == "urn:cartograph:brand:inko"


def test_depth_one_shows_neighbours_only(opened: OpenedGraph) -> None:
    shown = inko(opened, depth=1, max_nodes=100)

    near = {tie.other(shown.center) for tie in opened.ties(shown.center, 1_000)}
    assert {each.node.iri for each in shown.nodes} == {shown.center, *near}


def test_every_relation_gets_its_turn(opened: OpenedGraph) -> None:
    """Of a product's many statements the first few nodes are of different relations."""
    shown = around(opened, opened.nodes.node(iri_of(3)), depth=1, max_nodes=6)

    relations = [link.relation for link in shown.links if iri_of(3) in (link.subject.iri, link.object.iri)]
    assert len(set(relations)) == len(relations) == 5


def test_links_are_all_statements_between_what_is_shown(opened: OpenedGraph) -> None:
    shown = inko(opened, depth=2, max_nodes=100)

    inside = {each.node.iri for each in shown.nodes}
    stated = {tie for iri in inside for tie in opened.outgoing(iri, 1_000) if tie.object in inside}
    found = {(link.subject.iri, link.predicate, link.object.iri, link.source) for link in shown.links}
    assert found == {(tie.subject, tie.predicate, tie.object, tie.source) for tie in stated}
    assert len(shown.links) == len(stated)


def test_links_carry_the_words_that_they_were_read_from(opened: OpenedGraph) -> None:
    shown = around(opened, opened.nodes.node(iri_of(3)), depth=1, max_nodes=50)

    read = {link.object.label: link.evidence for link in shown.links if link.evidence}
    assert list(read) == ["Black"]
    (evidence,) = read["Black"]
    assert (evidence.text, evidence.field, evidence.extractor) == ("Black", "title", "gazetteer")
    assert evidence.confidence == pytest.approx(0.875)


def test_an_overview_counts_what_entities_share(opened: OpenedGraph) -> None:
    shown = overview(opened, max_nodes=100)

    ends = {frozenset((link.subject.label, link.object.label)): link for link in shown.links}
    link = ends[frozenset(("Inko", "Supplies"))]  # products 3, 4, 6 of 5 and of 5
    assert link.relation == "3 products"
    assert link.confidence == pytest.approx(3 / 5)
    assert (shown.center, link.source) == ("", "")


def test_the_same_question_has_the_same_answer(opened: OpenedGraph) -> None:
    assert inko(opened, depth=2, max_nodes=30) == inko(opened, depth=2, max_nodes=30)
    assert overview(opened, max_nodes=30) == overview(opened, max_nodes=30)
