"""What follows from the facts: narrower types, values that mean the same, targets that the shop sells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.backends.graph_tables import CERTAIN
from engine.text import has_cjk, normalise, singular
from engine.types import EntityKind, Product, RowArray
from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.text.targets_shop import tie_targets
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri

MIN_SHARE_IN_CATEGORY = 0.8
"""A type is narrower than a category when at least this share of its products lies there."""
MIN_SURE_NAME = 0.9
"""Confidence of a name by which values of different attributes are the same: a node that was merged of
several answers to the names of all of them.
"""
_IDENTIFIER_VALUES = 50


def drop_identifiers(draft: Draft) -> None:
    """Forget attributes whose values are nearly all different (codes, serial numbers): nothing is shared
    through them, and words find them anyway.
    """
    nodes: defaultdict[str, list[Node]] = defaultdict(list)
    for node in draft.of_kind(EntityKind.ATTRIBUTE_VALUE):
        nodes[node.attribute].append(node)
    for values in nodes.values():
        stated = sum(len(node.rows) for node in values)
        if len(values) >= _IDENTIFIER_VALUES and len(values) > 0.9 * stated:
            for node in values:
                del draft.nodes[node.iri]


def infer(draft: Draft, products: Sequence[Product]) -> None:
    """Add the edges that follow from labels and counts."""
    _narrower_types(draft)
    _types_in_categories(draft, products)
    _same_values(draft)
    tie_targets(draft, products)


def products_below(draft: Draft) -> dict[str, RowArray]:
    """Rows of each node, those of all narrower nodes included (skos:broaderTransitive), ascending int64."""
    children = _children(draft)
    return {iri: _rows_of(iri, draft, children) for iri in draft.nodes}


def confidences_below(draft: Draft, rows: Mapping[str, RowArray]) -> dict[str, NDArray[np.uint8]]:
    """How sure each of `products_below` is, in steps of 1/255: the surest statement counts, of the node
    itself or of a narrower one.
    """
    children = _children(draft)
    found = {}
    for iri, hanging in rows.items():
        sure = np.zeros(len(hanging), np.uint8)
        for name in _below(iri, children):
            node = draft.nodes.get(name)
            if node is not None and node.rows:
                places = np.searchsorted(hanging, np.asarray(node.rows))
                sure[places] = np.maximum(sure[places], _confidences(node))
        found[iri] = sure
    return found


def _confidences(node: Node) -> NDArray[np.uint8]:
    sure = np.full(len(node.rows), CERTAIN, np.uint8)
    if node.origins:
        for place, row in enumerate(node.rows):
            origin = node.origins.get(row)
            if origin is not None:
                sure[place] = max(1, round(origin.confidence * CERTAIN))
    return sure


def _children(draft: Draft) -> dict[str, list[str]]:
    children: defaultdict[str, list[str]] = defaultdict(list)
    for edge in sorted(draft.edges):
        if edge.predicate is Term.BROADER:
            children[edge.object].append(edge.subject)
    return children


def _below(iri: str, children: Mapping[str, list[str]]) -> set[str]:
    """The node and all narrower ones."""
    below, waiting = {iri}, [iri]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in below:
                below.add(child)
                waiting.append(child)
    return below


def _rows_of(iri: str, draft: Draft, children: Mapping[str, list[str]]) -> RowArray:
    rows = [
        np.asarray(draft.nodes[name].rows, np.int64) for name in _below(iri, children) if name in draft.nodes
    ]
    return np.unique(np.concatenate(rows))


def _narrower_types(draft: Draft) -> None:
    """`photo printer` is a printer: the longest type that ends the name, by words or Chinese characters."""
    types = {name: node for node in _types(draft) for name in sorted(node.names)}
    above: set[tuple[str, str]] = set()
    for node in _types(draft):
        for name in sorted(node.names):
            broader = next((types[end] for end in _endings(name) if end in types), node)
            if broader is not node and (broader.iri, node.iri) not in above:
                above.add((node.iri, broader.iri))
                draft.edges.add(Edge(node.iri, Term.BROADER, broader.iri, SourceGraph.INFERENCE))
                break


def _endings(name: str) -> list[str]:
    """What is left of a name when words, or Chinese characters down to two, are cut from its front."""
    if has_cjk(name):
        return [name[start:] for start in range(1, len(name) - 1)]
    words = name.split()
    words[-1] = singular(words[-1])
    return [" ".join(words[start:]) for start in range(1, len(words))]


def _types_in_categories(draft: Draft, products: Sequence[Product]) -> None:
    for node in _types(draft):
        leaves = Counter(tuple(normalise(part) for part in products[row].category) for row in node.rows)
        if leaves:
            leaf, count = min(leaves.items(), key=lambda item: (-item[1], item[0]))
            iri = node_iri(EntityKind.CATEGORY, *leaf)
            if iri in draft.nodes and count > 1 and count >= MIN_SHARE_IN_CATEGORY * len(node.rows):
                draft.edges.add(Edge(node.iri, Term.BROADER, iri, SourceGraph.INFERENCE))


def _same_values(draft: Draft) -> None:
    """Values of different attributes that share a sure name are tied to the one that most products state."""
    named: defaultdict[str, list[Node]] = defaultdict(list)
    for node in draft.of_kind(EntityKind.ATTRIBUTE_VALUE):
        for name, confidence in node.names.items():
            if confidence >= MIN_SURE_NAME:
                named[name].append(node)
    for nodes in named.values():
        first, *others = sorted(nodes, key=lambda node: (-len(node.rows), node.iri))
        for other in others:
            if other.attribute == first.attribute:
                continue  # resolution has seen both and kept them apart
            for one, two in ((first, other), (other, first)):
                draft.edges.add(Edge(one.iri, Term.EXACT_MATCH, two.iri, SourceGraph.INFERENCE))


def _types(draft: Draft) -> list[Node]:
    return [node for node in draft.of_kind(EntityKind.CATEGORY) if node.attribute]
