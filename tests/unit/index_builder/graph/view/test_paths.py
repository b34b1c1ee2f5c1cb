"""Ways from one entity to another: short, telling, and not through what everything shares."""

from __future__ import annotations

import pytest

from index_builder.graph.view.opened import Link, OpenedGraph
from index_builder.graph.view.paths import Paths, shortest_paths
from index_builder.graph.vocabulary import node_iri
from tests.unit.index_builder.graph.view.conftest import iri_of

LX200 = node_iri("target", "inko lx200")


def ways(graph: OpenedGraph, start: str, end: str, *, depth: int = 6, hub: int = 100) -> Paths:
    return shortest_paths(graph, start, end, depth=depth, hub=hub, limit=100)


def told(path: tuple[Link, ...]) -> list[str]:
    return [f"{link.subject.label} {link.relation} {link.object.label}" for link in path]


def test_one_statement_is_the_shortest_way(opened: OpenedGraph) -> None:
    (path,) = ways(opened, LX200, iri_of(3)).paths

    assert told(path) == ["Inko 20 ink cartridge Black fits Inko LX200"]
    assert (path[0].source, path[0].confidence) == ("urn:cartograph:graph:catalogue", 1.0)


def test_a_way_may_go_against_the_arrows_and_both_directions_find_the_same(opened: OpenedGraph) -> None:
    there = ways(opened, iri_of(0), iri_of(5)).paths
    back = ways(opened, iri_of(5), iri_of(0)).paths

    assert {len(path) for path in (*there, *back)} == {len(there[0])}
    assert {tuple(reversed(path)) for path in back} == set(there)
    for path in there:
        here = iri_of(0)
        for link in path:
            assert here in (link.subject.iri, link.object.iri)
            here = link.object.iri if link.subject.iri == here else link.subject.iri
        assert here == iri_of(5)


def test_the_direct_statement_between_products_beats_what_they_share(opened: OpenedGraph) -> None:
    (path,) = ways(opened, iri_of(3), iri_of(4)).paths

    assert [(link.relation, link.confidence) for link in path] == [("similar", 0.75)]


def test_of_equally_short_ways_the_one_through_the_rarest_comes_first(opened: OpenedGraph) -> None:
    """Products 0 and 1 share the category of printers, which three products have. Products 0 and 2 share that
    and the brand Inko, with six products and more statements.
    """
    paths = ways(opened, iri_of(0), iri_of(2)).paths

    middles = [path[0].object.label for path in paths]
    assert middles.index("Printers") < middles.index("Inko")


def test_hubs_are_not_passed_through(opened: OpenedGraph) -> None:
    free = ways(opened, iri_of(3), iri_of(6))
    assert {path[0].object.label for path in free.paths} == {"Inko", "Supplies"}

    capped = ways(opened, iri_of(3), iri_of(6), hub=5)
    assert "Inko" not in {link.object.label for path in capped.paths for link in path}
    assert capped.hubs > 0


def test_an_end_may_itself_be_a_hub(opened: OpenedGraph) -> None:
    (path,) = ways(opened, iri_of(3), node_iri("brand", "inko"), hub=1).paths

    assert told(path) == ["Inko 20 ink cartridge Black brand Inko"]


@pytest.mark.parametrize("depth", [1, 2])
def test_nothing_is_found_beyond_the_depth(opened: OpenedGraph, depth: int) -> None:
    found = ways(opened, iri_of(9), iri_of(8), depth=depth)

    assert found.paths == ()
    assert not found.gave_up


def test_the_way_from_a_node_to_itself_is_empty(opened: OpenedGraph) -> None:
    assert ways(opened, LX200, LX200).paths == ((),)
