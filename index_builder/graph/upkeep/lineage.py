"""What lies above a node (skos:broader, any number of steps), and which nodes mean the same."""

from __future__ import annotations

from collections import defaultdict

from index_builder.graph.draft import Draft
from index_builder.graph.vocabulary import Term


class Lineage:
    """Read from a draft once; later edges are not seen."""

    def __init__(self, draft: Draft) -> None:
        self._parents: defaultdict[str, list[str]] = defaultdict(list)
        self._same: dict[str, str] = {}
        for edge in sorted(draft.edges):
            if edge.predicate is Term.BROADER:
                self._parents[edge.subject].append(edge.object)
            elif edge.predicate is Term.EXACT_MATCH:
                self._join(edge.subject, edge.object)
        self._known: dict[str, frozenset[str]] = {}

    def above(self, iri: str) -> frozenset[str]:
        """All broader nodes, the node itself not among them unless it lies on a cycle."""
        known = self._known.get(iri)
        if known is None:
            found: set[str] = set()
            waiting = list(self._parents.get(iri, ()))
            while waiting:
                parent = waiting.pop()
                if parent not in found:
                    found.add(parent)
                    waiting += self._parents.get(parent, ())
            known = self._known[iri] = frozenset(found)
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
