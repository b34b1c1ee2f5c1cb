"""Writes a whole graph to one file, in the forms that other tools read.

Turtle and N-Triples say each statement once, whichever sources make it; N-Quads, TriG and JSON-LD keep the
named graphs. GraphML has the nodes and the statements between them, with labels, kinds and sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import pyoxigraph
from pyoxigraph import RdfFormat

from engine.backends.knowledge_graph import STORE
from engine.errors import DamagedGenerationError
from index_builder.graph.view.graphml import write_graphml
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.view.whole_file import whole_file
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


def export(graph: OpenedGraph, name: str, path: Path) -> int:
    """Write the format of that name (see `FORMATS`) and return the bytes written. The file appears whole or
    not at all. Raises ConfigError for a folder that is not there or not writable, DamagedGenerationError for
    a graph that cannot be read to its end.
    """
    try:
        with whole_file(path) as file:
            FORMATS[name](graph, file)
    except RuntimeError as error:
        raise DamagedGenerationError(graph.folder / STORE, f"is damaged ({error})") from error
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


FORMATS: Mapping[str, Callable[[OpenedGraph, IO[bytes]], None]] = {
    "ttl": _triples(RdfFormat.TURTLE),
    "nt": _triples(RdfFormat.N_TRIPLES),
    "nq": _quads(RdfFormat.N_QUADS),
    "trig": _quads(RdfFormat.TRIG),
    "jsonld": _quads(RdfFormat.JSON_LD),
    "graphml": write_graphml,
}
"""How each format is written, by its usual file ending."""
