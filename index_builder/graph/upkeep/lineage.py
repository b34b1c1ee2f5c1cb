"""What lies above a node (skos:broader, any number of steps), and which nodes mean the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from heapq import heappop, heappush

from index_builder.graph.draft import Draft
from index_builder.graph.vocabulary import Term


class Lineage:
    """Read from a draft once; later edges are not seen."""

    def __init__(self, draft: Draft) -> None:
        self._parents: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._same: dict[str, str] = {}
        for edge in sorted(draft.edges):
            if edge.predicate is Term.BROADER:
                parents = self._parents[edge.subject]
                parents[edge.object] = max(edge.confidence, parents.get(edge.object, 0.0))
            elif edge.predicate is Term.EXACT_MATCH:
                self._join(edge.subject, edge.object)
        self._known: dict[str, dict[str, float]] = {}

    def parents(self, iri: str) -> Mapping[str, float]:
        """The next broader nodes, each with the confidence of its surest edge."""
        return self._parents.get(iri, {})

    def above(self, iri: str) -> Mapping[str, float]:
        """All broader nodes, each with the confidence of the surest way there (that of its weakest step). The
        node itself is among them only when it lies on a cycle.
        """
        known = self._known.get(iri)
        if known is None:
            known = self._known[iri] = {}
            waiting: list[tuple[float, str]] = []
            for parent, confidence in self.parents(iri).items():
                heappush(waiting, (-confidence, parent))
            while waiting:
                doubt, node = heappop(waiting)
                if node not in known:
                    known[node] = -doubt
                    for parent, confidence in self.parents(node).items():
                        heappush(waiting, (max(doubt, -confidence), parent))
        return known

    def meaning(self, iri: str) -> str:
        """One name for all nodes that skos:exactMatch ties together: the first in order."""
        while (better := self._same.get(iri, iri)) != iri:
            iri = better
        return iri

    def agree(self, one: str, two: str) -> bool:
        """Both may be true of one product: they mean the same, or one is broader than the other."""
        return self.meaning(one) == self.meaning(two) or one in self.above(two) or two in self.above(one)

    def _join(self, one: str, two: str) -> None:
        first, second = sorted((self.meaning(one), self.meaning(two)))
        if first != second:
            self._same[second] = first
