"""Tells of every merge how sure it is and why, also where two names met only by way of a third."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise

from index_builder.graph.draft import Draft
from index_builder.graph.resolution.reasons import FORCED, reasons_of
from index_builder.graph.resolution.report import Merge
from index_builder.graph.resolution.scoring import Scored


class Explainer:
    """Knows all scored pairs, and those that were forced together (`must`)."""

    def __init__(self, draft: Draft, scored: Iterable[Scored], must: Iterable[tuple[str, str]]) -> None:
        self._draft = draft
        self._scored = {each.pair.iris: each for each in scored}
        self._must = set(must)

    def __call__(self, old: str, new: str, group: Sequence[str]) -> Merge:
        """The merge of `old` into `new`, two members of a group. Its confidence is that of the least sure
        step on the surest way from the one to the other.
        """
        confidence, reasons = 1.0, []
        way = self._surest_way(old, new, group)
        for one, two in pairwise(way):
            confidence = min(confidence, self._sure(one, two))
            by_way_of = f'"{self._draft.nodes[one].label}" and "{self._draft.nodes[two].label}": '
            reasons += [by_way_of + each if len(way) > 2 else each for each in self._reasons(one, two)]
        node, into = self._draft.nodes[old], self._draft.nodes[new]
        return Merge(
            node.kind.value,
            node.attribute,
            old,
            new,
            node.label,
            into.label,
            len(node.rows),
            confidence,
            tuple(reasons),
        )

    def _surest_way(self, old: str, new: str, group: Sequence[str]) -> list[str]:
        """The members passed on the way whose least sure step is surest, of equals the shortest."""
        waiting: list[tuple[float, int, list[str]]] = [(-1.0, 0, [old])]
        seen: set[str] = set()
        while waiting:
            doubt, steps, way = heappop(waiting)
            if way[-1] == new:
                return way
            if way[-1] in seen:
                continue
            seen.add(way[-1])
            for other in group:
                sure = self._sure(way[-1], other)
                if other not in seen and sure > 0:
                    heappush(waiting, (max(doubt, -sure), steps + 1, [*way, other]))
        raise AssertionError("a group is connected")  # clusters join members by pairs alone

    def _sure(self, one: str, two: str) -> float:
        pair = (min(one, two), max(one, two))
        if pair in self._must:
            return 1.0
        scored = self._scored.get(pair)
        return scored.probability if scored else 0.0

    def _reasons(self, one: str, two: str) -> tuple[str, ...]:
        pair = (min(one, two), max(one, two))
        return (FORCED,) if pair in self._must else reasons_of(self._scored[pair])
