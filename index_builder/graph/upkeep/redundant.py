"""Finds statements that follow from others, and drops them: nothing that the graph says gets lost.

Statements of the catalogue and of loaded ontologies stay, whatever follows from what: they are sources.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.upkeep.lineage import Lineage
from index_builder.graph.vocabulary import ROOT, SourceGraph, Term

SYMMETRIC = frozenset({Term.EXACT_MATCH, Term.SIMILAR_TO, Term.RELATED_TO})
"""These hold in both directions and are kept in one; a reader looks from both sides."""
_ONTOLOGIES = f"{ROOT}graph:ontology:"


def is_source(graph: str) -> bool:
    return graph == SourceGraph.CATALOGUE or graph.startswith(_ONTOLOGIES)


def drop_stated_below(draft: Draft, lineage: Lineage) -> int:
    """Statements on a node when the product hangs on a narrower one at least as surely."""
    dropped = 0
    for iri in sorted(draft.nodes):
        node = draft.nodes[iri]
        if not node.rows:
            continue
        for above, confidence in lineage.above(iri).items():
            broader = draft.nodes.get(above)
            if broader is None or not _has_guesses(broader) or iri in lineage.above(above):
                continue
            for row in sorted(set(broader.rows).intersection(node.rows)):
                if _may_go(broader, row) and _sure(broader, row) <= min(confidence, _sure(node, row)):
                    broader.drop(row)
                    dropped += 1
    return dropped


def drop_chained(draft: Draft, lineage: Lineage) -> int:
    """Broader edges when steps over other nodes, each at least as sure, lead to the same node. On a cycle
    nothing is dropped.
    """
    redundant = [edge for edge in draft.edges if edge.predicate is Term.BROADER and _follows(edge, lineage)]
    return _discard(draft, redundant)


def _follows(edge: Edge, lineage: Lineage) -> bool:
    if is_source(edge.source) or edge.subject in lineage.above(edge.subject):
        return False
    return any(
        parent != edge.object
        and min(confidence, lineage.above(parent).get(edge.object, 0.0)) >= edge.confidence
        and parent not in lineage.above(parent)
        for parent, confidence in lineage.parents(edge.subject).items()
    )


def drop_mirrored(draft: Draft) -> int:
    """One of two edges of a symmetric relation between the same two, of the same source; the surer stays, of
    equals the one whose subject comes first.
    """
    redundant = []
    for edge in sorted(draft.edges):
        if edge.predicate in SYMMETRIC and edge.subject < edge.object and not is_source(edge.source):
            other = Edge(edge.object, edge.predicate, edge.subject, edge.source)
            if other in draft.edges:
                redundant.append((edge, other))
    if not redundant:
        return 0
    known = {edge: edge.confidence for edge in draft.edges if edge.predicate in SYMMETRIC}
    return _discard(draft, [two if known[one] >= known[two] else one for one, two in redundant])


def drop_equal(draft: Draft) -> int:
    """Ties between two nodes that are both tied, at least as surely, to the middle of their group: the node
    with most ties, of equals that with most products, then the first.
    """
    ties: defaultdict[str, dict[str, float]] = defaultdict(dict)
    edges = [edge for edge in draft.edges if edge.predicate is Term.EXACT_MATCH]
    for edge in edges:
        if edge.subject in draft.nodes and edge.object in draft.nodes:
            for one, two in ((edge.subject, edge.object), (edge.object, edge.subject)):
                ties[one][two] = max(edge.confidence, ties[one].get(two, 0.0))
    redundant = []
    for group in _groups(ties):
        middle = min(group, key=lambda iri: (-len(ties[iri]), -len(draft.nodes[iri].rows), iri))
        near = ties[middle]
        redundant += [
            edge
            for edge in edges
            if edge.subject in near
            and edge.object in near
            and not is_source(edge.source)
            and min(near[edge.subject], near[edge.object]) >= edge.confidence
        ]
    return _discard(draft, redundant)


def _groups(ties: dict[str, dict[str, float]]) -> Iterator[list[str]]:
    seen: set[str] = set()
    for start in sorted(ties):
        if start in seen:
            continue
        group, waiting = {start}, [start]
        while waiting:
            new = set(ties[waiting.pop()]) - group
            group |= new
            waiting += new
        seen |= group
        if len(group) > 2:
            yield sorted(group)


def _discard(draft: Draft, edges: Iterable[Edge]) -> int:
    before = len(draft.edges)
    draft.edges.difference_update(edges)
    return before - len(draft.edges)


def _has_guesses(node: Node) -> bool:
    return bool(node.origins) or not is_source(node.source)


def _may_go(node: Node, row: int) -> bool:
    return not any(is_source(origin.source) for origin in node.origins_of(row))


def _sure(node: Node, row: int) -> float:
    return node.origins_of(row)[0].confidence
