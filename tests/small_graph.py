"""A graph of four products, written by hand as a builder writes it: every kind of statement is in it once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyoxigraph

from engine.backends.graph_edges import StoredEdge, write_edges
from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.graph_reader import GraphReader
from engine.backends.graph_tables import EntityName, GraphTables
from engine.backends.knowledge_graph import STORE, OxigraphKnowledgeGraph
from engine.browsing.browser import GraphBrowser
from engine.stages.link import EntityLinker
from engine.stages.understand import Understand
from engine.types import Entity, EntityKind, Product, ProductId
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, Relation, TextField
from index_builder.graph.evidence_table import write_evidence

GENERATION = "g-graph"
PRINTER, BLACK_INK, CYAN_INK, PAPER = PRODUCTS = (
    Product(ProductId("P 0"), "Inko LX300 printer", "Inko"),
    Product(ProductId("P 1"), "Inko 20 cartridge", "Inko", "Black ink for the LX300."),
    Product(ProductId("P 2"), "Inko 20 cartridge cyan", "Inko"),
    Product(ProductId("P 3"), "Jet black paper"),
)
ROOT = "urn:cartograph:"
INKO, BLACK, JET_BLACK, LX300, NOTE = (
    f"{ROOT}brand:inko",
    f"{ROOT}color:black",
    f"{ROOT}color:jet%20black",
    f"{ROOT}target:inko%20lx300",
    f"{ROOT}value:note:black",
)
CATALOGUE, INFERENCE, TAGGER, SIMILARITY = (
    f"{ROOT}graph:{name}" for name in ("catalogue", "inference", "tagger", "similarity")
)
SHELF = "https://taxonomy.example/paper"
"""A concept of a taxonomy: no entity of the tables."""
SCHEMA, SKOS = "https://schema.org/", "http://www.w3.org/2004/02/skos/core#"
SIMILAR = f"{SCHEMA}isSimilarTo"

_ENTITIES: tuple[tuple[Entity, str, list[int], list[float]], ...] = (
    (Entity(INKO, EntityKind.BRAND, "Inko", "", 3), "brand", [0, 1, 2], [1.0, 1.0, 1.0]),
    (Entity(BLACK, EntityKind.COLOR, "Black", "color", 3), "color", [0, 1, 3], [1.0, 0.8, 1.0]),
    (Entity(JET_BLACK, EntityKind.COLOR, "Jet black", "color", 1), "color", [3], [1.0]),
    (Entity(LX300, EntityKind.COMPATIBLE_TARGET, "Inko LX300", "fits", 2), "fits", [1, 2], [0.6, 1.0]),
    (Entity(NOTE, EntityKind.ATTRIBUTE_VALUE, "Black", "note", 0), "note", [], []),
)
_NAMES = (
    EntityName(0, "inko", "inko", 1.0),
    EntityName(1, "black", "black", 1.0),
    EntityName(1, "黑色", "黑色", 0.9),
    EntityName(2, "jet black", "jet black", 1.0),
    EntityName(3, "inko lx300", "inko lx300", 1.0),
    EntityName(3, "lx300", "lx300", 0.8),
    EntityName(4, "black", "black", 1.0),
)
_P0, _P1, _P2, _P3 = (f"{ROOT}product:P%20{number}" for number in range(4))
_QUADS = (
    *((iri, f"{SCHEMA}brand", f"<{INKO}>", CATALOGUE) for iri in (_P0, _P1, _P2)),
    *((iri, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", f"<{SCHEMA}Product>", CATALOGUE)
      for iri in (_P0, _P1, _P2, _P3)),
    (_P0, f"{SCHEMA}name", '"Inko LX300 printer"', CATALOGUE),
    (_P0, f"{SCHEMA}color", f"<{BLACK}>", CATALOGUE),
    (_P1, f"{SCHEMA}color", f"<{BLACK}>", TAGGER),
    (_P3, f"{SCHEMA}color", f"<{JET_BLACK}>", CATALOGUE),
    (_P3, f"{SCHEMA}category", f"<{SHELF}>", INFERENCE),
    (_P1, f"{SCHEMA}isAccessoryOrSparePartFor", f"<{LX300}>", TAGGER),
    (_P2, f"{SCHEMA}isAccessoryOrSparePartFor", f"<{LX300}>", CATALOGUE),
    (_P1, SIMILAR, f"<{_P2}>", SIMILARITY),
    (JET_BLACK, f"{SKOS}broader", f"<{BLACK}>", INFERENCE),
    (LX300, f"{SCHEMA}brand", f"<{INKO}>", INFERENCE),
    (LX300, f"{SKOS}exactMatch", f"<{_P0}>", INFERENCE),
    (BLACK, f"{SKOS}altLabel", '"黑色"@zh', CATALOGUE),
    (SHELF, f"{SKOS}prefLabel", '"Paper & card"', INFERENCE),
)  # fmt: skip
_EDGES = (
    StoredEdge(_P1, SIMILAR, _P2, SIMILARITY, 0.75),
    StoredEdge(_P2, SIMILAR, _P1, SIMILARITY, 0.5),
)
_EVIDENCE = (
    Evidence(BLACK, Mention(1, TextField.DESCRIPTION, 0, 5, Label.COLOR, "black", Extractor.TAGGER, 0.875)),
    Evidence(
        LX300,
        Mention(
            1, TextField.DESCRIPTION, 18, 23, Label.TARGET, "inko lx300", Extractor.RELATION, 0.75,
            Relation.COMPATIBLE_WITH,
        ),
    ),
)  # fmt: skip


def write_small_graph(folder: Path, *, filler: int = 0) -> Path:
    """Into an empty folder, which is returned. `filler` adds statements that nothing else speaks of."""
    quads = [f"<{s}> <{p}> {o} <{g}> ." for s, p, o, g in _QUADS]
    quads += [
        f"<urn:filler:{n}> <urn:filler:says> <urn:filler:{n + 1}> <urn:filler> ." for n in range(filler)
    ]
    store = pyoxigraph.Store(folder / STORE)
    store.bulk_load("\n".join(quads).encode(), pyoxigraph.RdfFormat.N_QUADS)
    store.flush()
    rows = [row for _, _, hanging, _ in _ENTITIES for row in hanging]
    sure = [round(255 * each) for _, _, _, confidences in _ENTITIES for each in confidences]
    GraphTables(
        product_total=len(PRODUCTS),
        entities=[entity for entity, _, _, _ in _ENTITIES],
        relations=[relation for _, relation, _, _ in _ENTITIES],
        names=_NAMES,
        rows=np.array(rows, np.int32),
        confidences=np.array(sure, np.uint8),
        offsets=np.cumsum([0, *(len(hanging) for _, _, hanging, _ in _ENTITIES)], dtype=np.int64),
        words={"inko": 3, "black": 2, "cartridge": 2, "lx300": 2, "paper": 1},
    ).write(folder)
    write_edges(_EDGES, folder)
    write_evidence(_EVIDENCE, {entity.iri: place for place, (entity, *_) in enumerate(_ENTITIES)}, folder)
    return folder


class Shelf:
    """The products of the graph, as a catalogue gives them."""

    def row_of(self, product_id: str) -> int | None:
        return next((row for row, product in enumerate(PRODUCTS) if product.id == product_id), None)

    def products(self, rows: Sequence[int]) -> list[Product]:
        return [PRODUCTS[row] for row in rows]


@dataclass(frozen=True)
class OpenGraph:
    """The graph as a server opens it; `close` ends its processes."""

    browser: GraphBrowser
    queries: GraphQueryPool
    close: Callable[[], None]


def open_small_graph(folder: Path, *, processes: int = 2, memory_mib: int = 256) -> OpenGraph:
    graph = OxigraphKnowledgeGraph.open(folder)
    queries = GraphQueryPool(folder / STORE, processes=processes, memory_mib=memory_mib)
    understand = Understand(EntityLinker(graph.labels(), graph.words, graph))
    browser = GraphBrowser(GENERATION, GraphReader.open(graph, folder), Shelf(), understand, queries)
    return OpenGraph(browser, queries, queries.close)
