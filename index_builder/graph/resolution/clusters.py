"""Groups names that mean the same: a group grows only where all of its pairs together speak for it.

Greedy agglomeration for correlation clustering (Bansal, Blum and Chawla, 2004; the likeliest pair first):
two groups join when the log-odds between their members sum to more than 0 and none of them must stay apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from index_builder.graph.resolution.scoring import MIN_PROBABILITY, Scored

UNSCORED = -0.25
"""Log-odds of two names that share no reading but meet in a group: a little against (set, not fitted)."""

Veto = Callable[[str, str], bool]


def clusters_of(scored: Sequence[Scored], must: Sequence[tuple[str, str]], apart: Veto) -> list[list[str]]:
    """Groups of IRIs with two members or more, sorted. `must` pairs are joined first, whatever speaks against
    it; `apart` pairs are never in one group, unless `must` joins them.
    """
    logits = {each.pair.iris: each.logit for each in scored}
    groups = _Groups(logits, apart)
    for one, two in sorted(must):
        groups.join(one, two)
    for each in sorted(scored, key=lambda one: (-one.logit, one.pair.iris)):
        if each.probability <= MIN_PROBABILITY:
            break
        groups.try_to_join(*each.pair.iris)
    return groups.members()


class _Groups:
    def __init__(self, logits: dict[tuple[str, str], float], apart: Veto) -> None:
        self._logits = logits
        self._apart = apart
        self._group: dict[str, list[str]] = {}

    def try_to_join(self, one: str, two: str) -> None:
        first, second = self._of(one), self._of(two)
        if first is second:
            return
        total = 0.0
        for left in first:
            for right in second:
                pair = (left, right) if left < right else (right, left)
                if self._apart(*pair):
                    return
                total += self._logits.get(pair, UNSCORED)
        if total > 0:
            self.join(one, two)

    def join(self, one: str, two: str) -> None:
        first, second = self._of(one), self._of(two)
        if first is not second:
            first.extend(second)
            for iri in second:
                self._group[iri] = first

    def members(self) -> list[list[str]]:
        unique = {id(group): group for group in self._group.values()}
        return sorted(sorted(group) for group in unique.values() if len(group) > 1)

    def _of(self, iri: str) -> list[str]:
        return self._group.setdefault(iri, [iri])
