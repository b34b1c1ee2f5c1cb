"""The shortest ways from one node to another, found from both ends at once (Pohl, 1971).

A way through "black" says nothing, since a quarter of a shop is black. Nodes with very many statements are
therefore not passed through, and of equally short ways the one through rarer nodes comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from math import log2

from index_builder.graph.view.opened import MAX_AROUND, Link, OpenedGraph, Tie

MAX_NODES = 200_000
"""Reached from both ends together; a search that would go beyond gives up."""
_MAX_WAYS = 1_000
"""Equally short ways that are compared."""


@dataclass(frozen=True, slots=True)
class Paths:
    """`paths` are the shortest, the most telling first: tuples of statements, all of one length, () when both
    ends are one node. None was found within the limits when there are no `paths`. `hubs` counts the
    nodes that were not passed through; `gave_up` says that the search grew too large.
    """

    paths: tuple[tuple[Link, ...], ...]
    hubs: int
    gave_up: bool


def shortest_paths(graph: OpenedGraph, start: str, end: str, *, depth: int, hub: int, limit: int) -> Paths:
    """At most `limit` ways of at most `depth` statements, read in either direction, that pass through no node
    with more than `hub` statements.
    """
    if start == end:
        return Paths(((),), 0, False)
    search = _Search(graph, hub)
    left, right = _Side(start), _Side(end)
    for _ in range(depth):
        side, other = (left, right) if len(left.edge) <= len(right.edge) else (right, left)
        search.advance(side)
        met = sorted(iri for iri in side.edge if iri in other.before and not search.blocked(iri, start, end))
        if met:
            ways = list(islice(_ways(met, left, right), _MAX_WAYS))
            ways.sort(key=lambda way: (search.cost(way, start), way))
            shown = tuple(tuple(graph.link(tie) for tie in way) for way in ways[:limit])
            return Paths(shown, len(search.hubs), False)
        if not side.edge or len(left.before) + len(right.before) > MAX_NODES:
            return Paths((), len(search.hubs), bool(side.edge))
    return Paths((), len(search.hubs), False)


@dataclass(slots=True)
class _Side:
    """How far the search came from one end: `before` has the statements over which a node was first reached,
    `edge` the nodes reached last.
    """

    root: str
    before: dict[str, list[Tie]] = field(init=False)
    edge: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.before = {self.root: []}
        self.edge = [self.root]

    def ways(self, iri: str) -> Iterator[tuple[Tie, ...]]:
        """All ways from the root to a node that was reached."""
        if iri == self.root:
            yield ()
        for tie in self.before[iri]:
            for way in self.ways(tie.other(iri)):
                yield (*way, tie)


class _Search:
    def __init__(self, graph: OpenedGraph, hub: int) -> None:
        self._graph, self._hub = graph, hub
        self._around: dict[str, list[Tie]] = {}
        self.hubs: set[str] = set()

    def advance(self, side: _Side) -> None:
        """One statement further."""
        reached: dict[str, list[Tie]] = {}
        for iri in side.edge:
            for tie in self._from(iri, is_root=iri == side.root):
                other = tie.other(iri)
                if other not in side.before:
                    ties = reached.setdefault(other, [])
                    if not ties or ties[-1].other(other) != iri:  # one of several sources will do
                        ties.append(tie)
        side.before |= reached
        side.edge = sorted(reached)

    def blocked(self, iri: str, *ends: str) -> bool:
        return iri not in ends and self._is_hub(iri)

    def cost(self, way: tuple[Tie, ...], start: str) -> float:
        """Bits of what could have been said instead at the nodes between: fewer is more telling."""
        total, iri = 0.0, start
        for tie in way[:-1]:
            iri = tie.other(iri)
            total += log2(1 + len(self._ties(iri)))
        return total

    def _from(self, iri: str, *, is_root: bool) -> list[Tie]:
        if not is_root and self._is_hub(iri):
            return []
        ties = self._graph.ties(iri, MAX_AROUND) if is_root else self._ties(iri)
        return sorted(ties, key=lambda tie: (tie.other(iri), tie))

    def _is_hub(self, iri: str) -> bool:
        if len(self._ties(iri)) <= self._hub:
            return False
        self.hubs.add(iri)
        return True

    def _ties(self, iri: str) -> list[Tie]:
        found = self._around.get(iri)
        if found is None:
            found = self._around[iri] = self._graph.ties(iri, self._hub + 1)
        return found


def _ways(met: list[str], left: _Side, right: _Side) -> Iterator[tuple[Tie, ...]]:
    for iri in met:
        for first, second in product(left.ways(iri), right.ways(iri)):
            yield (*first, *reversed(second))
