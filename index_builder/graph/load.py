"""Builds the graph part of a generation: RDF in Oxigraph, the same RDF as a file, and the lookup tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from engine.backends.graph_tables import EntityName, GraphTables
from engine.backends.knowledge_graph import STORE
from engine.text import tokens
from engine.types import Entity, EntityKind, Product
from index_builder.graph.draft import Draft
from index_builder.graph.evidence_table import write_evidence
from index_builder.graph.export import quads_of, write_quads
from index_builder.graph.facts import extract
from index_builder.graph.infer import confidences_below, drop_identifiers, infer, products_below
from index_builder.graph.revise import Previous, Revision, write_store

QUADS = "graph.nq.gz"


@dataclass(frozen=True, slots=True)
class GraphReport:
    """What was built: entities by kind, RDF statements, names that entities answer to, mentions that
    statements were read from, time taken, and what changed when there was a graph before.
    """

    entities: Mapping[EntityKind, int]
    statements: int
    names: int
    evidence: int
    seconds: float
    revision: Revision | None


def build_graph(
    products: Sequence[Product],
    folder: Path,
    *,
    sources: Sequence[str] = (),
    previous: Previous | None = None,
) -> GraphReport:
    """Write the graph of a cleaned catalogue (row i = product i) into an empty or new folder.

    `sources` are the names of the files that the catalogue came from, for the provenance statements; of the
    store of a `previous` graph only what changed is written.
    """
    started = perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    draft = draft_graph(products)
    lines = quads_of(draft, products, sources)
    write_quads(lines, folder / QUADS)
    revision = write_store(lines, folder / STORE, previous)
    tables = _tables(draft, products)
    tables.write(folder)
    places = {entity.iri: place for place, entity in enumerate(tables.entities)}
    evidence = write_evidence(draft.evidence, places, folder)
    kinds = Counter(entity.kind for entity in tables.entities)
    return GraphReport(
        {kind: kinds[kind] for kind in EntityKind},
        len(lines),
        len(tables.names),
        evidence,
        perf_counter() - started,
        revision,
    )


def draft_graph(products: Sequence[Product]) -> Draft:
    """The facts and what follows from them, before anything is written."""
    draft = extract(products)
    drop_identifiers(draft)
    infer(draft, products)
    return draft


def _tables(draft: Draft, products: Sequence[Product]) -> GraphTables:
    nodes = sorted(draft.nodes.values(), key=lambda node: (node.kind, node.iri))
    rows = products_below(draft)
    sure = confidences_below(draft, rows)
    counts = [len(rows[node.iri]) for node in nodes]
    words: Counter[str] = Counter()
    for product in products:
        words.update(tokens(f"{product.title} {product.brand} {product.description}"))
    names = []
    for index, node in enumerate(nodes):
        for text, confidence in sorted(node.names.items(), key=lambda item: (-item[1], item[0])):
            cut = tokens(text)
            if cut:
                names.append(EntityName(index, " ".join(cut), text, confidence))
                if confidence == 1.0:
                    words.update(cut)
    return GraphTables(
        product_total=len(products),
        entities=[
            Entity(node.iri, node.kind, node.label, node.attribute, count)
            for node, count in zip(nodes, counts, strict=True)
        ],
        relations=[node.relation for node in nodes],
        names=names,
        rows=np.concatenate([np.empty(0, np.int32), *(rows[node.iri].astype(np.int32) for node in nodes)]),
        confidences=np.concatenate([np.empty(0, np.uint8), *(sure[node.iri] for node in nodes)]),
        offsets=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64),
        words=words,
    )
