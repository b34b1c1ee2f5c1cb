"""The ink shop's graph with two related products and a word of evidence, opened for looking."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.backends.graph_edges import write_edges
from engine.backends.graph_reader import GraphReader
from engine.backends.knowledge_graph import STORE, OxigraphKnowledgeGraph
from engine.generation import Generation, Manifest
from index_builder.catalog import write_catalog
from index_builder.graph.draft import Edge
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, TextField
from index_builder.graph.evidence_table import write_evidence
from index_builder.graph.export import quads_of
from index_builder.graph.facts import extract
from index_builder.graph.infer import drop_identifiers, infer
from index_builder.graph.load import _tables
from index_builder.graph.revise import write_store
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri
from tests.damaged_store import damage_blocks
from tests.ink_shop import PRODUCTS

HOSTILE = "</script><img src=x onerror=alert(1)> & \"'"
"""A title such as a shop might be sent."""


def iri_of(number: int) -> str:
    return node_iri("product", f"P {number}")


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenedGraph:
    """Product 3 resembles product 4 by 0.75; "Black" in the title of product 3 was read by the gazetteer.
    Product 8 has the hostile title.
    """
    folder = tmp_path_factory.mktemp("ink")
    products = [replace(each, title=HOSTILE) if each.id == "P 8" else each for each in PRODUCTS]
    write_catalog(products, [each.title for each in products], folder / "catalog")
    draft = extract(products)
    drop_identifiers(draft)
    infer(draft, products)
    similar = Edge(iri_of(3), Term.SIMILAR_TO, iri_of(4), SourceGraph.SIMILARITY, 0.75)
    draft.edges.add(similar)
    graph = folder / "graph"
    graph.mkdir()
    write_store(quads_of(draft, products, ["products.jsonl"]), graph / STORE)
    tables = _tables(draft, products)
    tables.write(graph)
    write_edges([similar], graph)
    places = {entity.iri: place for place, entity in enumerate(tables.entities)}
    write_evidence([_black_in_the_title_of_product_3()], places, graph)
    return OpenedGraph.open(Generation(folder, _manifest()))


def damaged(opened: OpenedGraph, folder: Path) -> OpenedGraph:
    """A copy of the graph that opens, with a store that turns out damaged when it is read."""
    shutil.copytree(opened.folder, folder)
    damage_blocks(folder / STORE)
    graph = OxigraphKnowledgeGraph.open(folder)
    return OpenedGraph(opened.generation_id, folder, graph, GraphReader.open(graph, folder), opened.catalog)


def _black_in_the_title_of_product_3() -> Evidence:
    start = PRODUCTS[3].title.index("Black")
    place = (start, start + len("Black"))
    mention = Mention(3, TextField.TITLE, *place, Label.COLOR, "black", Extractor.GAZETTEER, 0.875)
    return Evidence(node_iri("color", "black"), mention)


def _manifest() -> Manifest:
    return Manifest(
        id="g0123456789abcdef",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        engine_version="0",
        dimension=1,
        product_count=len(PRODUCTS),
        past_query_count=0,
        statement_count=0,
        measured_recall=1.0,
        build={},
        parts={},
        files={},
    )
