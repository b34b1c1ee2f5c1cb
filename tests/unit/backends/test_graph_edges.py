from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.graph_edges import EDGES, GraphEdges, StoredEdge, write_edges
from engine.errors import DamagedGenerationError

NAMES = st.sampled_from(["urn:a", "urn:b", "urn:b:c", "urn:é", "urn:墨"])
EDGE = st.builds(
    StoredEdge, NAMES, NAMES, NAMES, NAMES, st.sampled_from([0.25, 0.5, 1.0])
)  # halves and quarters are exact in float32


def line(edge: StoredEdge) -> tuple[str, str, str, str]:
    return edge.subject, edge.predicate, edge.object, edge.source


@given(edges=st.lists(EDGE, max_size=20, unique_by=line), asked=NAMES)
def test_edges_are_found_by_either_end(
    tmp_path_factory: pytest.TempPathFactory, edges: list[StoredEdge], asked: str
) -> None:
    folder = tmp_path_factory.mktemp("edges")

    assert write_edges(edges, folder) == len(edges)
    opened = GraphEdges.open(folder)

    assert len(opened) == len(edges)
    ordered = sorted(edges, key=line)
    assert opened.starting_at(asked, 99) == [edge for edge in ordered if edge.subject == asked]
    assert opened.ending_at(asked, 99) == [edge for edge in ordered if edge.object == asked]
    assert opened.starting_at(asked, 1) == [edge for edge in ordered if edge.subject == asked][:1]


def test_the_order_of_writing_does_not_change_the_bytes(tmp_path: Path) -> None:
    edges = [StoredEdge(f"urn:{n % 7}", "urn:says", f"urn:{n}", "urn:graph", 0.5) for n in range(50)]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    write_edges(edges, tmp_path / "one")
    write_edges(reversed(edges), tmp_path / "two")

    assert (tmp_path / "one" / EDGES).read_bytes() == (tmp_path / "two" / EDGES).read_bytes()


def test_a_generation_without_the_file_has_no_edges(tmp_path: Path) -> None:
    opened = GraphEdges.open(tmp_path)

    assert len(opened) == 0
    assert opened.starting_at("urn:a", 9) == []
    assert opened.ending_at("urn:a", 9) == []


def test_a_cut_file_is_refused_by_name(tmp_path: Path) -> None:
    write_edges([StoredEdge("urn:a", "urn:p", "urn:b", "urn:g", 1.0)], tmp_path)
    path = tmp_path / EDGES
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(DamagedGenerationError, match=r"edges\.arrow is not an Arrow file of edges"):
        GraphEdges.open(tmp_path)
