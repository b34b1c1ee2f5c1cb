"""What a user means by a text: an IRI, `product:ID`, `KIND:NAME`, or a name that entities answer to."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from rapidfuzz import fuzz, process

from engine.browsing.nodes import of_entity
from engine.browsing.relations import product_iri
from engine.errors import EngineError, ErrorCode
from engine.graph_values import GraphNode
from engine.text import normalise
from engine.types import EntityKind
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.view.terms import short
from index_builder.graph.vocabulary import ROOT, slug

_CLOSE = 70
"""Similarity, 0 to 100, from which a name is worth offering."""
_OFFERED = 3


class UnknownEntityError(EngineError):
    """Nothing answers to the text; close matches are offered."""

    code = ErrorCode.NOT_FOUND
    reason = "UNKNOWN_ENTITY"

    def __init__(self, text: str, close: Sequence[str]) -> None:
        hint = (
            f"Did you mean {' or '.join(repr(each) for each in close)}?"
            if close
            else ("Give an IRI, product:ID, KIND:NAME or a name that the catalogue uses.")
        )
        super().__init__(f"Nothing in the graph is called {text!r}. {hint}", name=text)


class AmbiguousNameError(EngineError):
    """Several entities answer to the text: `senses`, the surest first."""

    code = ErrorCode.INVALID_ARGUMENT
    reason = "AMBIGUOUS_NAME"

    def __init__(self, text: str, senses: Sequence[GraphNode]) -> None:
        self.senses = tuple(senses)
        super().__init__(
            f"{text!r} names {len(senses)} entities; choose one by its short name, such as "
            f"'{short(senses[0].iri)}'.",
            name=text,
        )


def find(graph: OpenedGraph, text: str) -> GraphNode:
    """Raises UnknownEntityError and AmbiguousNameError."""
    text = text.strip().removeprefix("<").removesuffix(">")
    head, colon, tail = text.partition(":")
    if colon:
        spelled_out = ROOT + ":".join(slug(unquote(part)) for part in text.split(":"))
        products = [product_iri(tail)] if head == "product" else []
        for iri in (text, f"{ROOT}{text}", spelled_out, *products):
            if graph.reader.known(iri):
                return graph.nodes.node(iri)
    kind = head if colon and head in set(EntityKind) else ""
    senses = _senses(graph, tail if kind else text, kind)
    if not senses:
        raise UnknownEntityError(text, _close(graph, text))
    if len(senses) > 1:
        raise AmbiguousNameError(text, senses)
    return senses[0]


def _senses(graph: OpenedGraph, name: str, kind: str) -> list[GraphNode]:
    nodes = [of_entity(graph.reader.entity(place)) for place in graph.reader.named(name)]
    return [node for node in nodes if not kind or node.kind == kind]


def _close(graph: OpenedGraph, text: str) -> list[str]:
    """What was perhaps meant, in a form that `find` takes."""
    head, _, tail = text.partition(":")
    if head == "product":
        ids = graph.catalog.ids(range(len(graph.catalog)))
        return [f"product:{found}" for found in _nearest(tail, ids)]
    name = tail if head in set(EntityKind) else text
    return _nearest(normalise(name), sorted({each.text for each in graph.tables.names}))


def _nearest(text: str, known: Sequence[str]) -> list[str]:
    found = process.extract(text, known, scorer=fuzz.ratio, limit=_OFFERED, score_cutoff=_CLOSE)
    return [choice for choice, _, _ in found]
