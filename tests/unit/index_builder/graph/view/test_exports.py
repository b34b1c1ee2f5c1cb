"""A graph in other forms: all of it, readable by other tools, never half a file."""

from __future__ import annotations

from pathlib import Path

import networkx
import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from engine.errors import ConfigError, DamagedGenerationError
from index_builder.graph.view import exports
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.vocabulary import node_iri
from tests.unit.index_builder.graph.view.conftest import HOSTILE, damaged, iri_of


@pytest.mark.parametrize(
    ("name", "form"), [("nq", RdfFormat.N_QUADS), ("trig", RdfFormat.TRIG), ("jsonld", RdfFormat.JSON_LD)]
)
def test_forms_with_named_graphs_hold_every_statement(
    opened: OpenedGraph, tmp_path: Path, name: str, form: RdfFormat
) -> None:
    size = exports.export(opened, name, tmp_path / "out")

    assert size == (tmp_path / "out").stat().st_size
    assert set(pyoxigraph.parse(path=tmp_path / "out", format=form)) == set(opened.store)


@pytest.mark.parametrize(("name", "form"), [("ttl", RdfFormat.TURTLE), ("nt", RdfFormat.N_TRIPLES)])
def test_forms_without_named_graphs_say_each_statement_once(
    opened: OpenedGraph, tmp_path: Path, name: str, form: RdfFormat
) -> None:
    exports.export(opened, name, tmp_path / "out")

    found = [quad.triple for quad in pyoxigraph.parse(path=tmp_path / "out", format=form)]
    assert len(found) == len(set(found))
    assert set(found) == {quad.triple for quad in opened.store}


def test_graphml_has_labels_kinds_relations_and_sources(opened: OpenedGraph, tmp_path: Path) -> None:
    exports.export(opened, "graphml", tmp_path / "out.graphml")

    found = networkx.read_graphml(tmp_path / "out.graphml", force_multigraph=True)
    inko = found.nodes[node_iri("brand", "inko")]
    assert (inko["label"], inko["kind"], inko["product_count"]) == ("Inko", "brand", 5)
    assert found.nodes[iri_of(8)]["label"] == HOSTILE
    (similar,) = found[iri_of(3)][iri_of(4)].values()
    assert similar == {
        "relation": "similar",
        "predicate": "https://schema.org/isSimilarTo",
        "source": "similarity",
        "confidence": 0.75,
    }


def test_the_same_graph_gives_the_same_bytes(opened: OpenedGraph, tmp_path: Path) -> None:
    for name in exports.FORMATS:
        exports.export(opened, name, tmp_path / "one")
        exports.export(opened, name, tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes(), name


def test_a_folder_that_is_not_there_is_told(opened: OpenedGraph, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent/out\.ttl cannot be written: No such file or directory"):
        exports.export(opened, "ttl", tmp_path / "absent" / "out.ttl")


def test_a_failed_export_leaves_the_old_file_and_nothing_else(
    opened: OpenedGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(graph: OpenedGraph, file: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "out.ttl").write_text("old")
    monkeypatch.setitem(exports.FORMATS, "ttl", fails)

    with pytest.raises(ConfigError, match="No space left on device"):
        exports.export(opened, "ttl", tmp_path / "out.ttl")
    assert [path.name for path in tmp_path.iterdir()] == ["out.ttl"]
    assert (tmp_path / "out.ttl").read_text() == "old"


@pytest.mark.parametrize("name", ["ttl", "nq", "graphml"])
def test_a_damaged_graph_is_named_and_leaves_no_file(opened: OpenedGraph, tmp_path: Path, name: str) -> None:
    broken = damaged(opened, tmp_path / "graph")

    with pytest.raises(DamagedGenerationError, match=r"store is damaged \(Corruption"):
        exports.export(broken, name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
