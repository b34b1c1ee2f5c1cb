"""Writes a whole graph to one file, in the forms that other tools read.

Turtle and N-Triples say each statement once, whichever sources make it; N-Quads, TriG and JSON-LD keep the
named graphs. GraphML has the nodes and the statements between them, with labels, kinds and sources.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import networkx
import pyoxigraph
from pyoxigraph import RdfFormat

from engine.browsing.relations import product_iri
from engine.errors import ConfigError
from engine.graph_values import GraphNode
from index_builder.graph.view.opened import MAX_AROUND, OpenedGraph, Tie
from index_builder.graph.view.terms import source_of
from index_builder.graph.vocabulary import PROV, ROOT, SCHEMA, SKOS

_PREFIXES = {
    "schema": SCHEMA,
    "skos": SKOS,
    "prov": PROV,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "cartograph": ROOT,
}
_EVERYTHING = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF))
"""Characters that no XML may hold."""


def export(graph: OpenedGraph, name: str, path: Path) -> int:
    """Write the format of that name (see `FORMATS`) and return the bytes written. The file appears whole or
    not at all. Raises ConfigError for a folder that is not there or not writable.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            FORMATS[name](graph, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return path.stat().st_size


def _triples(kind: RdfFormat) -> Callable[[OpenedGraph, IO[bytes]], None]:
    def write(graph: OpenedGraph, file: IO[bytes]) -> None:
        found = graph.store.query(_EVERYTHING, use_default_graph_as_union=True)
        if not isinstance(found, pyoxigraph.QueryTriples):
            raise TypeError("CONSTRUCT gives triples")
        pyoxigraph.serialize(found, file, kind, prefixes=_PREFIXES)

    return write


def _quads(kind: RdfFormat) -> Callable[[OpenedGraph, IO[bytes]], None]:
    def write(graph: OpenedGraph, file: IO[bytes]) -> None:
        graph.store.dump(file, kind, prefixes=_PREFIXES)

    return write


def _graphml(graph: OpenedGraph, file: IO[bytes]) -> None:
    networkx.write_graphml(as_networkx(graph), file, encoding="utf-8", named_key_ids=True)


def as_networkx(graph: OpenedGraph) -> Any:
    """A MultiDiGraph of all products, all entities and what they lead to. A node is named by its IRI; each
    statement between two is an edge.
    """
    found = networkx.MultiDiGraph()
    products = (product_iri(each) for each in graph.catalog.ids(range(len(graph.catalog))))
    waiting = [*products, *(entity.iri for entity in graph.tables.entities)]
    known = set(waiting)
    for iri in waiting:  # it grows
        found.add_node(iri, **_attributes(graph.nodes.node(iri)))
        for tie in graph.outgoing(iri, MAX_AROUND):
            if tie.object not in known:
                known.add(tie.object)
                waiting.append(tie.object)
            found.add_edge(iri, tie.object, **_edge(graph, tie))
    return found


def _attributes(node: GraphNode) -> dict[str, str | int]:
    return {
        "label": node.label.translate(_NOT_XML),
        "kind": str(node.kind),
        "attribute": node.attribute.translate(_NOT_XML),
        "product_count": node.product_count,
        "product_id": node.product_id.translate(_NOT_XML),
    }


def _edge(graph: OpenedGraph, tie: Tie) -> dict[str, str | float]:
    return {
        "relation": graph.relation(tie).translate(_NOT_XML),
        "predicate": tie.predicate,
        "source": source_of(tie.source),
        "confidence": round(graph.confidence(tie), 4),
    }


FORMATS: Mapping[str, Callable[[OpenedGraph, IO[bytes]], None]] = {
    "ttl": _triples(RdfFormat.TURTLE),
    "nt": _triples(RdfFormat.N_TRIPLES),
    "nq": _quads(RdfFormat.N_QUADS),
    "trig": _quads(RdfFormat.TRIG),
    "jsonld": _quads(RdfFormat.JSON_LD),
    "graphml": _graphml,
}
"""How each format is written, by its usual file ending."""
