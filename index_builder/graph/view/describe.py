"""Everything that the graph says of one node, in both directions."""

from __future__ import annotations

from dataclasses import dataclass

from engine.browsing.describe import Describe
from engine.browsing.neighbours import ListNeighbours
from engine.graph_values import (
    DescribeRequest,
    Description,
    GraphNode,
    Neighbour,
    NeighboursRequest,
    NodeKind,
)
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.view.similar import Similar, similar_to


@dataclass(frozen=True, slots=True)
class Shown:
    """What begins at a node, a sample of its products, what else ends at it, and entities like it."""

    description: Description
    incoming: tuple[Neighbour, ...]
    similar: tuple[Similar, ...] = ()


def describe(graph: OpenedGraph, node: GraphNode, *, sample: int, limit: int) -> Shown:
    """With at most `sample` products that hang on an entity, and `limit` other statements that end at it."""
    description = Describe(graph.nodes, graph.generation_id)(DescribeRequest(iri=node.iri, sample=sample))
    asked = NeighboursRequest(iri=node.iri, outgoing=False, page_size=limit)
    page = ListNeighbours(graph.nodes, graph.generation_id)(asked)
    hangs = bool(description.relation)  # the products of an entity are told already
    incoming = tuple(each for each in page.neighbours if not (hangs and each.node.kind == NodeKind.PRODUCT))
    return Shown(description, incoming, similar_to(graph, node))
