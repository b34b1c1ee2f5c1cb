"""Ties values that name a brand ("brand compatibility: Dell") to the brand itself."""

from __future__ import annotations

from collections import defaultdict

from engine.types import EntityKind
from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.resolution.words import cut, key_of, without_legal_form
from index_builder.graph.vocabulary import SourceGraph, Term

MIN_SHARE = 0.5
"""An attribute speaks of brands when at least this share of its statements names one."""


def tie_brands(draft: Draft) -> int:
    """Adds skos:exactMatch both ways, in the resolution's graph; they stay two nodes, since a product may be
    compatible with a brand that is not its own. Returns how many values were tied.
    """
    brands: dict[str, Node] = {}
    for node in sorted(draft.of_kind(EntityKind.BRAND), key=lambda each: (-len(each.rows), each.iri)):
        for name in node.names:
            brands.setdefault(key_of(without_legal_form(cut(name))), node)
    values: defaultdict[str, list[Node]] = defaultdict(list)
    for node in draft.of_kind(EntityKind.ATTRIBUTE_VALUE):
        values[node.attribute].append(node)
    tied = 0
    for nodes in values.values():
        named = [(node, brands.get(key_of(without_legal_form(cut(node.label))))) for node in nodes]
        hits = sum(len(node.rows) for node, brand in named if brand is not None)
        if hits == 0 or hits < MIN_SHARE * sum(len(node.rows) for node in nodes):
            continue
        for node, brand in named:
            if brand is not None:
                tied += 1
                for one, two in ((node, brand), (brand, node)):
                    draft.edges.add(Edge(one.iri, Term.EXACT_MATCH, two.iri, SourceGraph.RESOLUTION))
    return tied
