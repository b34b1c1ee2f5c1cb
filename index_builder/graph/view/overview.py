"""A first look at a whole graph: its largest entities of every kind, and which of them go together."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, zip_longest
from math import sqrt

import numpy as np

from engine.types import Entity
from index_builder.graph.view.neighbourhood import Neighbourhood, ShownNode
from index_builder.graph.view.opened import Link, OpenedGraph

MAX_NODES = 60
"""More is no overview."""
_PARTNERS = 3
"""Links that each entity gets, at most, to those that share most with it."""


def overview(graph: OpenedGraph, *, max_nodes: int) -> Neighbourhood:
    """Links say how many products hang on both ends; their confidence is the cosine of the two sets of
    products. They are counted here and not stated by the graph: they have no source.
    """
    places = _largest(graph, min(max_nodes, MAX_NODES))
    nodes = [graph.nodes.node(graph.reader.entity(place).iri) for place in places]
    return Neighbourhood(
        "Overview",
        "",
        tuple(
            ShownNode(node, tuple(graph.reader.names(place)[:12]), node.product_count)
            for place, node in zip(places, nodes, strict=True)
        ),
        tuple(_links(graph, places)),
        graph.generation_id,
    )


def _largest(graph: OpenedGraph, count: int) -> list[int]:
    """Places of the largest entities, one of each kind in turn."""
    kinds: defaultdict[str, list[int]] = defaultdict(list)
    entities = graph.tables.entities
    for place in sorted(range(len(entities)), key=lambda place: _size(entities[place])):
        if entities[place].product_count > 1:
            kinds[entities[place].kind].append(place)
    turns = zip_longest(*(kinds[kind] for kind in sorted(kinds)))
    return [place for turn in turns for place in turn if place is not None][:count]


def _size(entity: Entity) -> tuple[int, str]:
    return -entity.product_count, entity.iri


def _links(graph: OpenedGraph, places: list[int]) -> list[Link]:
    rows = {place: graph.tables.products(place) for place in places}
    entities = graph.tables.entities
    shared: dict[tuple[int, int], tuple[float, int]] = {}
    for one, other in combinations(places, 2):
        if entities[one].kind is not entities[other].kind:
            both = len(np.intersect1d(rows[one], rows[other], assume_unique=True))
            if both:
                shared[one, other] = both / sqrt(len(rows[one]) * len(rows[other])), both
    kept: set[tuple[int, int]] = set()
    for place in places:
        pairs = sorted((pair for pair in shared if place in pair), key=lambda pair: (-shared[pair][0], pair))
        kept.update(pairs[:_PARTNERS])
    return [
        Link(
            graph.nodes.node(entities[one].iri),
            f"{shared[one, other][1]:,} products",
            graph.nodes.node(entities[other].iri),
            "",
            "",
            shared[one, other][0],
        )
        for one, other in sorted(kept)
    ]
