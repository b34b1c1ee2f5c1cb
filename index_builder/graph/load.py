"""Builds the graph part of a generation: RDF in Oxigraph, the same RDF as a file, and the lookup tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from engine.backends.graph_edges import write_edges
from engine.backends.graph_tables import EntityName, GraphTables
from engine.backends.knowledge_graph import STORE
from engine.text import tokens
from engine.types import Entity, EntityKind, Product
from index_builder.graph.alignment.category_table import write_categories
from index_builder.graph.assemble import Assembled, assemble
from index_builder.graph.draft import Draft, Edge
from index_builder.graph.evidence_table import write_evidence, write_mentions
from index_builder.graph.export import quads_of, write_quads
from index_builder.graph.infer import confidences_below, products_below
from index_builder.graph.materials import Materials
from index_builder.graph.resolution.report import write_merges
from index_builder.graph.revise import Revision, write_store
from index_builder.graph.upkeep.constraints import ConstraintReport, check
from index_builder.graph.vocabulary import node_iri

QUADS = "graph.nq.gz"


@dataclass(frozen=True, slots=True)
class GraphReport:
    """What was built: entities by kind, RDF statements, names that entities answer to, mentions that
    statements were read from, edges with a confidence of their own, time taken, what changed when there was a
    graph before, which rules the graph breaks, and what each step says of its work.
    """

    entities: Mapping[EntityKind, int]
    statements: int
    names: int
    evidence: int
    edges: int
    seconds: float
    revision: Revision | None
    constraints: ConstraintReport
    steps: Assembled


def build_graph(products: Sequence[Product], folder: Path, materials: Materials | None = None) -> GraphReport:
    """Write the graph of a cleaned catalogue (row i = product i) into an empty or new folder."""
    started = perf_counter()
    given = materials or Materials()
    folder.mkdir(parents=True, exist_ok=True)
    steps = assemble(products, given)
    draft = steps.draft
    with given.step("graph: write") as advance:
        lines = quads_of(draft, products, given.sources)
        if steps.expiry is not None:
            lines = sorted({*lines, *steps.expiry.lines()})
        write_quads(lines, folder / QUADS)
        revision = write_store(lines, folder / STORE, given.previous)
        tables = _tables(draft, products)
        tables.write(folder)
        places = {entity.iri: place for place, entity in enumerate(tables.entities)}
        evidence = write_evidence(draft.evidence, places, folder)
        write_mentions(steps.mentions, folder)
        edges = write_edges([*_uncertain(draft), *_second_sources(draft, products)], folder)
        write_categories(folder, steps.alignment.tables)
        write_merges(steps.resolution, folder)
        if steps.embedding is not None:
            from index_builder.graph.embedding.vectors import write_vectors  # imports torch

            write_vectors(steps.embedding.vectors, draft, list(places), folder)
        advance(len(lines), len(lines))
    with given.step("graph: check"):
        constraints = check(folder / STORE)
    kinds = Counter(entity.kind for entity in tables.entities)
    return GraphReport(
        entities={kind: kinds[kind] for kind in EntityKind},
        statements=len(lines),
        names=len(tables.names),
        evidence=evidence,
        edges=edges,
        seconds=perf_counter() - started,
        revision=revision,
        constraints=constraints,
        steps=steps,
    )


def _uncertain(draft: Draft) -> list[Edge]:
    """Edges that are not sure, or tie products to products: what RDF cannot say of them is kept beside it."""
    product = node_iri("product", "")
    return [edge for edge in draft.edges if edge.confidence < 1 or edge.subject.startswith(product)]


def _second_sources(draft: Draft, products: Sequence[Product]) -> Iterator[Edge]:
    """Why products hang on entities, where several sources say so, with the confidence of each but the first:
    the tables say how sure they are together.
    """
    for node in draft.nodes.values():
        for row, origins in node.further.items():
            subject = node_iri("product", products[row].id)
            for origin in origins:
                yield Edge(subject, node.predicate, node.iri, origin.source, origin.confidence)


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
