"""Makes one node of several: rows, names, spellings, origins, edges and evidence go to the one that stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from index_builder.graph.draft import Draft, Edge, Node, Origin
from index_builder.graph.evidence import Evidence
from index_builder.graph.vocabulary import SourceGraph, Term


def survivor_of(draft: Draft, group: list[str]) -> str:
    """The node that most products state, of equals the first by IRI."""
    return min(group, key=lambda iri: (-len(draft.nodes[iri].rows), iri))


def absorb(node: Node, other: Node, confidence: float) -> None:
    """`other`'s products, names and spellings become `node`'s. A name is read as this entity with at most
    `confidence`; a product hangs here with the origins that it had there.
    """
    for row in other.rows:
        for origin in other.origins_of(row):
            node.hang(row, origin)
        if node.origins.get(row) == Origin(node.source, 1.0):
            del node.origins[row]
    for name, sure in other.names.items():
        node.names[name] = max(node.names.get(name, 0.0), sure * confidence)
    node.spellings.update(other.spellings)


def redirect(draft: Draft, moved: Mapping[str, tuple[str, float]]) -> None:
    """Edges, types and evidence of the nodes that went (old IRI -> new IRI, confidence) speak of those that
    stay, and the graph says which name was found to mean which (skos:exactMatch, old to new).
    """
    if not moved:
        return
    kept: dict[Edge, Edge] = {}
    for edge in draft.edges:
        subject, target = (_now(iri, moved) for iri in (edge.subject, edge.object))
        if subject == target and edge.subject != edge.object:
            continue
        new = edge
        if (subject, target) != (edge.subject, edge.object):
            new = replace(edge, subject=subject, object=target)
        known = kept.get(new)
        if known is None or known.confidence < new.confidence:
            kept.pop(new, None)
            kept[new] = new
    draft.edges = set(kept.values())
    for old, (new_iri, confidence) in moved.items():
        draft.edges.add(Edge(old, Term.EXACT_MATCH, new_iri, SourceGraph.RESOLUTION, confidence))
    draft.types = [_now(iri, moved) for iri in draft.types]
    draft.evidence = [
        Evidence(moved[each.entity][0], each.mention) if each.entity in moved else each
        for each in draft.evidence
    ]


def _now(iri: str, moved: Mapping[str, tuple[str, float]]) -> str:
    return moved[iri][0] if iri in moved else iri
