"""What a knowledge graph promises to expansion, checked against the RDF statements themselves."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyoxigraph
import pytest
from pyoxigraph import NamedNode

from engine.backends.graph_reader import GraphReader
from engine.backends.knowledge_graph import STORE, OxigraphKnowledgeGraph
from engine.errors import DamagedGenerationError
from engine.stages.graph import KnowledgeGraph
from engine.types import Entity, EntityKind
from index_builder.graph.load import build_graph
from index_builder.graph.materials import Materials
from index_builder.graph.vocabulary import Term, node_iri
from tests.damaged_store import damage_blocks
from tests.ink_shop import PRODUCTS

BACKENDS = ("oxigraph",)
UNKNOWN = Entity("urn:cartograph:brand:nobody", EntityKind.BRAND, "Nobody")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    build_graph(PRODUCTS, folder, Materials(sources=["shop.jsonl"]))
    return folder


@pytest.fixture(scope="module", params=BACKENDS)
def opened(request: pytest.FixtureRequest, folder: Path) -> OxigraphKnowledgeGraph:
    return {"oxigraph": OxigraphKnowledgeGraph.open}[request.param](folder)


@pytest.fixture
def graph(opened: OxigraphKnowledgeGraph) -> KnowledgeGraph:
    return opened


def entity(opened: OxigraphKnowledgeGraph, *names: str) -> Entity:
    return next(each for each in opened.entities if each.iri == node_iri(*names))


def stated_below(store: pyoxigraph.Store, iri: str) -> set[str]:
    """Oracle: products that state the entity or, by SPARQL property path, a narrower one."""
    found = store.query(
        f"SELECT DISTINCT ?id WHERE {{ GRAPH ?g {{ ?p a <{Term.PRODUCT}> . ?p <{Term.SKU}> ?id }}"
        f" GRAPH ?h {{ ?p ?says ?what }} ?what <{Term.BROADER}>* <{iri}> }}",
        use_default_graph_as_union=True,
    )
    assert isinstance(found, pyoxigraph.QuerySolutions)
    return {str(row["id"].value) for row in found}


def test_products_of_every_entity_are_those_that_state_it_or_something_narrower(
    folder: Path, opened: OxigraphKnowledgeGraph, graph: KnowledgeGraph
) -> None:
    store = pyoxigraph.Store.read_only(str(folder / STORE))
    assert len(opened.entities) > 30
    for each in opened.entities:
        rows = graph.products(each, 100)
        assert {PRODUCTS[row].id for row in rows.tolist()} == stated_below(store, each.iri), each.iri
        assert len(rows) == each.product_count


def test_products_are_ascending_int64_and_bounded(
    opened: OxigraphKnowledgeGraph, graph: KnowledgeGraph
) -> None:
    black = entity(opened, "color", "black")
    rows = graph.products(black, 100)
    assert rows.dtype == np.int64
    assert rows.tolist() == [2, 3, 5, 9]  # black, Black, Black and 黑色 are one colour
    assert graph.products(black, 2).tolist() == [2, 3]


def test_an_unknown_entity_has_nothing_and_is_no_error(graph: KnowledgeGraph) -> None:
    assert graph.products(UNKNOWN, 10).tolist() == []
    assert list(graph.neighbours(UNKNOWN, 10)) == []
    assert list(graph.names(UNKNOWN)) == []


def test_neighbours_are_the_entities_of_the_statements_around_a_node(
    opened: OxigraphKnowledgeGraph, graph: KnowledgeGraph
) -> None:
    printer = entity(opened, "type", "printer")
    steps = {(edge.relation, edge.target.label, edge.forward) for edge in graph.neighbours(printer, 10)}
    assert steps == {
        ("broader", "Printers", True),  # all three printers lie in that category
        ("narrower", "photo printer", False),
    }
    target = entity(opened, "target", "inko lx300")
    (edge,) = graph.neighbours(target, 10)
    assert (edge.relation, edge.target.label) == ("brand", "Inko")


def test_what_is_the_same_is_a_neighbour_from_both_sides_and_once(tmp_path: Path) -> None:
    build_graph(PRODUCTS, tmp_path)
    glossy, matte = node_iri("value", "finish", "glossy"), node_iri("value", "finish", "matte")
    store = pyoxigraph.Store(tmp_path / STORE)
    for graph in ("urn:one", "urn:two"):
        tie = NamedNode(glossy), NamedNode(Term.EXACT_MATCH), NamedNode(matte)
        store.add(pyoxigraph.Quad(*tie, NamedNode(graph)))
    store.flush()
    del store
    opened = OxigraphKnowledgeGraph.open(tmp_path)
    for one, two in ((glossy, matte), (matte, glossy)):
        place = opened.place(one)
        assert place is not None
        found = [(edge.relation, edge.target.iri) for edge in opened.neighbours(opened.entities[place], 9)]
        assert found == [("same as", two)]


def test_neighbours_are_bounded_and_repeatable(opened: OxigraphKnowledgeGraph, graph: KnowledgeGraph) -> None:
    for each in opened.entities:
        edges = list(graph.neighbours(each, 100))
        assert list(graph.neighbours(each, 100)) == edges
        assert list(graph.neighbours(each, 1)) == edges[:1]


def test_relation_reads_as_the_catalogue_calls_it(
    opened: OxigraphKnowledgeGraph, graph: KnowledgeGraph
) -> None:
    names = {
        ("brand", "inko"): "brand",
        ("color", "black"): "color",
        ("type", "printer"): "type",
        ("category", "office", "printers"): "category",
        ("target", "tono m5"): "fits",
        ("value", "finish", "glossy"): "finish",
        ("value", "wi_fi", "wi fi"): "wi fi",
    }
    assert {key: graph.relation(entity(opened, *key)) for key in names} == names


def test_names_are_synonyms_and_translations(opened: OxigraphKnowledgeGraph, graph: KnowledgeGraph) -> None:
    grey = graph.names(entity(opened, "color", "grey"))
    assert grey[0] == "gray"  # as the shop writes it
    assert {"grey", "灰色"} <= set(grey)


def test_opening_writes_nothing_and_needs_no_right_to_write(folder: Path) -> None:
    def contents() -> dict[str, tuple[str, int]]:
        return {
            path.relative_to(folder).as_posix(): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_mtime_ns,
            )
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    before = contents()
    opened = OxigraphKnowledgeGraph.open(folder)
    for each in opened.entities:
        opened.neighbours(each, 10)
    assert contents() == before


def test_another_process_opens_the_same_folder_at_the_same_time(folder: Path) -> None:
    here = OxigraphKnowledgeGraph.open(folder)
    code = (
        "import sys; from pathlib import Path; from engine.backends.knowledge_graph import *;"
        "graph = OxigraphKnowledgeGraph.open(Path(sys.argv[1]));"
        "sys.stdout.write(str(sum(len(graph.neighbours(each, 99)) for each in graph.entities)))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True, env=os.environ
    )
    assert int(there.stdout) == sum(len(here.neighbours(each, 99)) for each in here.entities)


@pytest.mark.parametrize("name", ["entities.arrow", "names.arrow", "words.arrow", "posting_rows.npy", STORE])
def test_a_missing_part_is_refused_by_name(tmp_path: Path, name: str) -> None:
    build_graph(PRODUCTS[:3], tmp_path)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    with pytest.raises(DamagedGenerationError, match=name):
        OxigraphKnowledgeGraph.open(tmp_path)


def test_a_cut_table_is_refused_by_name(tmp_path: Path) -> None:
    build_graph(PRODUCTS[:3], tmp_path)
    table = tmp_path / "names.arrow"
    table.write_bytes(table.read_bytes()[:100])
    with pytest.raises(DamagedGenerationError, match=r"names\.arrow"):
        OxigraphKnowledgeGraph.open(tmp_path)


def test_the_target_that_the_shop_sells_itself_is_tied_to_that_product(folder: Path) -> None:
    store = pyoxigraph.Store.read_only(str(folder / STORE))
    target = NamedNode(node_iri("target", "inko lx300"))
    same = [quad.object for quad in store.quads_for_pattern(target, NamedNode(Term.EXACT_MATCH), None)]
    assert same == [NamedNode(node_iri("product", "P 2"))]


def test_a_damaged_store_is_refused_by_name(tmp_path: Path) -> None:
    build_graph(PRODUCTS[:3], tmp_path)
    (tmp_path / STORE / "CURRENT").write_bytes(b"MANIF")
    with pytest.raises(DamagedGenerationError, match=STORE):
        OxigraphKnowledgeGraph.open(tmp_path)


def test_a_store_that_turns_out_damaged_is_named_by_whatever_reads_it(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "graph")
    damage_blocks(tmp_path / "graph" / STORE)
    graph = OxigraphKnowledgeGraph.open(tmp_path / "graph")
    black = entity(graph, "color", "black")
    reader = GraphReader.open(graph, tmp_path / "graph")
    named = re.escape(f"{tmp_path / 'graph' / STORE} is damaged (Corruption: block checksum mismatch")

    for read in (
        lambda: graph.neighbours(black, 10),
        lambda: reader.starting_at(black.iri, 10),
        lambda: reader.ending_at(black.iri, 10),
        lambda: reader.known(black.iri),
        lambda: reader.label(black.iri),
    ):
        with pytest.raises(DamagedGenerationError, match=named):
            read()
