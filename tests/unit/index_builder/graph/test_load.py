import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph
import pytest

from engine.backends.graph_edges import GraphEdges, StoredEdge
from engine.types import EntityKind, Product
from index_builder.graph.assemble import Assembled, assemble
from index_builder.graph.draft import Origin
from index_builder.graph.evidence import Label
from index_builder.graph.evidence_table import mentions_of, read_evidence, read_mentions
from index_builder.graph.export import quads_of
from index_builder.graph.facts import extract
from index_builder.graph.load import QUADS, build_graph
from index_builder.graph.materials import Materials
from index_builder.graph.vocabulary import PROV, SourceGraph, Term, node_iri, ontology_graph
from tests.ink_shop import PRODUCTS

TABLES = ("entities.arrow", "names.arrow", "words.arrow", "posting_rows.npy", "posting_offsets.npy")
REPEATABLE = (*TABLES, QUADS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    build_graph(PRODUCTS, folder, Materials(sources=["shop.jsonl"]))
    return folder


def quads(folder: Path) -> list[str]:
    return gzip.decompress((folder / QUADS).read_bytes()).decode().splitlines()


def test_the_same_catalogue_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    build_graph(PRODUCTS, tmp_path, Materials(sources=["shop.jsonl"]))
    for name in REPEATABLE:
        assert (
            hashlib.sha256((tmp_path / name).read_bytes()).digest()
            == hashlib.sha256((folder / name).read_bytes()).digest()
        ), name


def test_the_report_counts_what_the_file_holds(folder: Path, tmp_path: Path) -> None:
    report = build_graph(PRODUCTS, tmp_path)
    lines = quads(tmp_path)
    assert report.statements == len(lines) == len(pyoxigraph.Store.read_only(str(tmp_path / "store")))
    assert report.entities[EntityKind.BRAND] == 4  # Inko, Tono, Sitwell, 轻点
    assert report.entities[EntityKind.COMPATIBLE_TARGET] == 3  # Inko LX200, Inko LX300, Tono M5
    assert report.seconds > 0


def test_quads_are_sorted_valid_and_each_in_a_named_graph(folder: Path) -> None:
    lines = quads(folder)
    assert lines == sorted(set(lines))
    parsed = list(pyoxigraph.parse("\n".join(lines).encode(), pyoxigraph.RdfFormat.N_QUADS))
    names = [quad.graph_name for quad in parsed]
    graphs = {name.value for name in names if isinstance(name, pyoxigraph.NamedNode)}
    assert len(parsed) == len(lines)
    assert graphs <= {graph.value for graph in SourceGraph}
    assert SourceGraph.CATALOGUE.value in graphs


def test_a_statement_stands_in_the_graph_of_each_of_its_sources() -> None:
    draft = extract(PRODUCTS)
    mouse = draft.node(EntityKind.AUDIENCE, "gamers", relation="audience", predicate=Term.AUDIENCE)
    mouse.answer_to("gamers", 1.0)
    mouse.hang(9, Origin(SourceGraph.TAGGER, 0.6))
    mouse.hang(9, Origin(ontology_graph("toys"), 0.9))
    lines = quads_of(draft, PRODUCTS, [])
    said = {line for line in lines if f"<{Term.AUDIENCE}> <{mouse.iri}>" in line}
    product = node_iri("product", "P 9")
    assert said == {
        f"<{product}> <{Term.AUDIENCE}> <{mouse.iri}> <{source}> ."
        for source in (SourceGraph.TAGGER, ontology_graph("toys"))
    }
    assert any(line.startswith(f"<{ontology_graph('toys')}> <{Term.WAS_GENERATED_BY}>") for line in lines)


def test_the_confidence_of_a_second_source_is_kept_beside_the_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    black = node_iri("color", "black")

    def read_twice(products: Sequence[Product], materials: Materials) -> Assembled:
        found = assemble(products, materials)
        found.draft.nodes[black].hang(3, Origin(SourceGraph.TAGGER, 0.75))
        return found

    monkeypatch.setattr("index_builder.graph.load.assemble", read_twice)
    build_graph(PRODUCTS, tmp_path)
    product = node_iri("product", "P 3")
    kept = [edge for edge in GraphEdges.open(tmp_path).starting_at(product, 100) if edge.object == black]
    assert kept == [StoredEdge(product, Term.COLOR, black, SourceGraph.TAGGER, 0.75)]  # the field is sure
    said = [line for line in quads(tmp_path) if line.startswith(f"<{product}> <{Term.COLOR}> <{black}>")]
    assert [line.split()[3] for line in said] == [f"<{SourceGraph.CATALOGUE}>", f"<{SourceGraph.TAGGER}>"]


def test_what_is_read_is_kept_even_when_it_makes_no_entity(folder: Path) -> None:
    """Two products are a "20": too few for a model number to be a node. Extraction has found it even so."""
    stated = [mention for _, mention in mentions_of(read_evidence(folder))]
    dropped = [mention for mention in read_mentions(folder) if mention not in stated]
    assert [(each.row, each.label, each.name) for each in dropped] == [
        (3, Label.MODEL, "20"),
        (4, Label.MODEL, "20"),
    ]
    assert len(read_mentions(folder)) == len(stated) + len(dropped)


def test_every_graph_says_which_step_made_it_from_which_file(folder: Path) -> None:
    lines = quads(folder)
    for graph in SourceGraph:
        if graph is not SourceGraph.PROVENANCE:
            said = [line for line in lines if line.startswith(f"<{graph}> <{PROV}")]
            assert any(Term.WAS_GENERATED_BY in line for line in said), graph
            assert any(Term.WAS_DERIVED_FROM in line for line in said), graph
    assert f'"shop.jsonl" <{SourceGraph.PROVENANCE}> .' in "\n".join(lines)


def test_chinese_texts_are_tagged(folder: Path) -> None:
    assert any('"黑色 无线 鼠标"@zh' in line for line in quads(folder))


def test_an_empty_catalogue_is_an_empty_graph(tmp_path: Path) -> None:
    report = build_graph((), tmp_path)
    assert sum(report.entities.values()) == 0
    assert report.statements > 0  # the provenance of nothing
