"""Writes the nodes and the statements between them as GraphML, one at a time: a million take little memory.

(networkx reads what is written here, but to write it would hold the graph twice: 1.4 GB for 20,000 products.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from engine.browsing.relations import product_iri
from engine.graph_values import GraphNode
from index_builder.graph.view.opened import MAX_AROUND, OpenedGraph, Tie
from index_builder.graph.view.terms import source_of

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_KEYS = {
    "node": {
        "label": "string",
        "kind": "string",
        "attribute": "string",
        "product_count": "long",
        "product_id": "string",
    },
    "edge": {"relation": "string", "predicate": "string", "source": "string", "confidence": "double"},
}
_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF))
"""Characters that no XML may hold."""


def write_graphml(graph: OpenedGraph, file: IO[bytes]) -> None:
    """All products, all entities and what they lead to. A node is named by its IRI; each statement between
    two is an edge, so two nodes may have several.
    """
    writer = _Writer(file)
    products = (product_iri(each) for each in graph.catalog.ids(range(len(graph.catalog))))
    waiting = [*products, *(entity.iri for entity in graph.tables.entities)]
    known = set(waiting)
    for iri in waiting:  # it grows
        writer.element("node", {"id": iri}, _of_node(graph.nodes.node(iri)))
        for tie in graph.outgoing(iri, MAX_AROUND):
            if tie.object not in known:
                known.add(tie.object)
                waiting.append(tie.object)
            writer.element("edge", {"source": iri, "target": tie.object}, _of_edge(graph, tie))
    writer.close()


def _of_node(node: GraphNode) -> dict[str, object]:
    return {
        "label": node.label,
        "kind": str(node.kind),
        "attribute": node.attribute,
        "product_count": node.product_count,
        "product_id": node.product_id,
    }


def _of_edge(graph: OpenedGraph, tie: Tie) -> dict[str, object]:
    return {
        "relation": graph.relation(tie),
        "predicate": tie.predicate,
        "source": source_of(tie.source),
        "confidence": round(graph.confidence(tie), 4),
    }


class _Writer:
    def __init__(self, file: IO[bytes]) -> None:
        self._xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
        self._xml.startDocument()
        self._start("graphml", xmlns=_NAMESPACE)
        for place, keys in _KEYS.items():
            for name, kind in keys.items():
                self._start("key", **{"id": name, "for": place, "attr.name": name, "attr.type": kind})
                self._xml.endElement("key")
        self._start("graph", edgedefault="directed")

    def element(self, name: str, about: Mapping[str, str], data: Mapping[str, object]) -> None:
        """A node or an edge; what is empty is left out."""
        self._xml.ignorableWhitespace("\n")
        self._start(name, **about)
        for key, value in data.items():
            if value != "":
                self._start("data", key=key)
                self._xml.characters(str(value).translate(_NOT_XML))
                self._xml.endElement("data")
        self._xml.endElement(name)

    def close(self) -> None:
        self._xml.endElement("graph")
        self._xml.endElement("graphml")
        self._xml.endDocument()

    def _start(self, name: str, /, **about: str) -> None:
        self._xml.startElement(name, AttributesImpl(about))
