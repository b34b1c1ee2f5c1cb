"""What a page shows: a node, and a fair choice of what lies around it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from engine.graph_values import GraphNode, NameOf
from engine.types import EntityKind
from index_builder.graph.view.opened import Link, OpenedGraph, Tie

READ = 1_000
"""Statements that are looked at around one node, of each direction."""
_MAX_NAMES = 12


@dataclass(frozen=True, slots=True)
class ShownNode:
    """`neighbours` counts the nodes around it, those that are not shown too; of a node with very many, at
    least so many.
    """

    node: GraphNode
    names: tuple[NameOf, ...]
    neighbours: int


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """`center` is an IRI, "" for an overview. `nodes` are in the order in which they were chosen; `links` are
    all statements between them.
    """

    title: str
    center: str
    nodes: tuple[ShownNode, ...]
    links: tuple[Link, ...]
    generation_id: str


def around(graph: OpenedGraph, center: GraphNode, *, depth: int, max_nodes: int) -> Neighbourhood:
    """At most `max_nodes` nodes within `depth` statements. Each relation gets its turn, so that thousands of
    products do not crowd out the one broader type, and each node of a level a like share of what is left.
    """
    chosen: dict[str, None] = {center.iri: None}
    level = [center.iri]
    for step in range(depth):
        left = max_nodes - len(chosen)
        budget = -(-left // 3) if step + 1 < depth else left
        share = -(-budget // max(1, len(level)))
        found: list[str] = []
        for iri in level:
            fresh = [other for other in _fairly(graph, iri) if other not in chosen]
            taken = fresh[: min(share, budget - len(found))]
            chosen |= dict.fromkeys(taken)
            found += taken
        level = found
    return Neighbourhood(
        center.label,
        center.iri,
        tuple(_shown(graph, iri) for iri in chosen),
        tuple(_links(graph, chosen)),
        graph.generation_id,
    )


def _fairly(graph: OpenedGraph, iri: str) -> list[str]:
    """Its neighbours, one of each relation and direction in turn, plain attribute values last; within one the
    surest first, and those that lead somewhere else before those that do not.
    """
    groups: defaultdict[tuple[bool, str], list[Tie]] = defaultdict(list)
    for tie in graph.ties(iri, READ):
        groups[tie.subject == iri, graph.relation(tie)].append(tie)
    ordered = [sorted(ties, key=lambda tie: _worth(graph, iri, tie)) for _, ties in sorted(groups.items())]
    ordered.sort(key=lambda ties: _is_value(graph, ties[0].other(iri)))
    turns = (tie for turn in zip_longest(*ordered) for tie in turn if tie is not None)
    return list(dict.fromkeys(tie.other(iri) for tie in turns))


def _is_value(graph: OpenedGraph, iri: str) -> bool:
    place = graph.reader.place(iri)
    return place is not None and graph.reader.entity(place).kind is EntityKind.ATTRIBUTE_VALUE


def _worth(graph: OpenedGraph, iri: str, tie: Tie) -> tuple[float, bool, str]:
    other = tie.other(iri)
    place = graph.reader.place(other)
    leads_nowhere = place is not None and graph.reader.entity(place).product_count <= 1
    return -tie.confidence, leads_nowhere, other


def _links(graph: OpenedGraph, chosen: dict[str, None]) -> list[Link]:
    return [graph.link(tie) for iri in chosen for tie in graph.outgoing(iri, READ) if tie.object in chosen]


def _shown(graph: OpenedGraph, iri: str) -> ShownNode:
    place = graph.reader.place(iri)
    names: Sequence[NameOf] = () if place is None else graph.reader.names(place)
    node = graph.nodes.node(iri)
    near = {tie.other(iri) for tie in graph.ties(iri, READ)}
    return ShownNode(node, tuple(names[:_MAX_NAMES]), max(len(near), node.product_count))
