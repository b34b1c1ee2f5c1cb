"""How likely it is that two names mean the same: a logistic model whose parts are readable.

The weights were fitted offline (logistic regression, L2, C = 3) on 388 pairs that `candidates_in` proposes on
the Icecat catalogue, drawn by kind of difference and judged by hand by one annotator, 270 of them the same;
pairs of the gold set's test split were left out. In ten-fold cross-validation the merged ones (probability
above .6) were right in 96% and found in 86%; the Brier score was .083. What no weight is given to never spoke
against sameness: spelling, plural, order, units and the table were right in nearly all pairs judged, and of
legal forms, initials and abbreviations there were few (0 to 4). How alike the products are changed nothing
beyond that (log loss .2537 with it, .2524 without), so it is told as a reason; only initials, which anything
may share, need it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index_builder.graph.draft import Node
from index_builder.graph.resolution.candidates import Pair
from index_builder.graph.resolution.context import Context
from index_builder.graph.resolution.readings import Mark, Step

BASE = 4.03
WEIGHTS: Mapping[Step, float] = {Step.KEY_WORD: -1.30, Step.GLOSS: -3.72, Step.EXTRA: -5.10}
TOLD = -2.25
"""For what all pairs with this mark say: the share of them (plus one) that a product lists side by side."""
LISTED = -0.82
MEANING, _MEANING_CENTRE = 0.98, 0.70
MIN_PROBABILITY = 0.6
"""Below it, what is gained by joining two names is not worth what a wrong merge spoils."""
MIN_ALIKE = 0.1
"""How alike the products of a name and of its initials must be (of those judged right the least was .14)."""
_RULED_OUT = -6.0
_REACH = 0.5
"""How far the cosine of two names strays from its centre: it cannot turn what is less in doubt."""
LOOSE = frozenset({Step.GENERIC, Step.KEY_WORD, Step.GLOSS, Step.INITIALS, Step.TYPO, Step.EXTRA})
"""Steps for which it counts whether a product lists both, and how near the meanings of the names are."""


@dataclass(frozen=True, slots=True)
class Scored:
    """`logit` is the log-odds of meaning the same; `alike` in [0, 1] and `listed` in [0, 1] are the context's
    answers, `meaning` the cosine of the names' embeddings, None where it was not asked for.
    """

    pair: Pair
    logit: float
    listed: float
    alike: float
    meaning: float | None = None

    @property
    def probability(self) -> float:
        return 1 / (1 + math.exp(-self.logit))


def cost_of(marks: Sequence[Mark]) -> float:
    """What the marks take away from the log-odds; of equals, fewer marks are better."""
    return 0.01 * len(marks) - sum(WEIGHTS.get(step, 0.0) for step in {step for step, _ in marks})


def score(pairs: Sequence[Pair], context: Context) -> list[Scored]:
    """Everything but the meaning. What a mark did to other pairs counts: if a shop lists "Serial ATA" beside
    "Serial ATA II", then "II" tells things apart.
    """
    listed = [context.listed_together(pair.one, pair.two) for pair in pairs]
    seen: dict[Mark, list[int]] = {}
    for pair, share in zip(pairs, listed, strict=True):
        for mark in pair.marks:
            counts = seen.setdefault(mark, [0, 1])
            counts[0] += share > 0
            counts[1] += 1
    found = []
    for pair, share in zip(pairs, listed, strict=True):
        told = max((seen[mark][0] / seen[mark][1] for mark in pair.marks), default=0.0)
        alike = context.alikeness(pair.one, pair.two)
        logit = BASE - cost_of(pair.marks) + TOLD * told + LISTED * (share > 0 and _is_loose(pair))
        if not _of_brand(pair, context) or (_by_initials(pair) and alike < MIN_ALIKE):
            logit = _RULED_OUT
        found.append(Scored(pair, logit, share, alike))
    return found


def undecided(scored: Scored) -> bool:
    """Whether the meaning of the names could turn the balance."""
    least = math.log(MIN_PROBABILITY / (1 - MIN_PROBABILITY))
    return _is_loose(scored.pair) and abs(scored.logit - least) < MEANING * _REACH


def with_meaning(scored: Scored, cosine: float) -> Scored:
    logit = scored.logit + MEANING * (cosine - _MEANING_CENTRE)
    return Scored(scored.pair, logit, scored.listed, scored.alike, cosine)


def _is_loose(pair: Pair) -> bool:
    return any(step in LOOSE for step, _ in pair.marks)


def _of_brand(pair: Pair, context: Context) -> bool:
    """A brand may be left out of the name of what only that brand's products speak of."""
    brands = [words for step, words in pair.marks if step is Step.BRAND]
    return not brands or context.brand_share(_shorter(pair), brands[0]) >= 0.5


def _by_initials(pair: Pair) -> bool:
    return any(step is Step.INITIALS for step, _ in pair.marks)


def _shorter(pair: Pair) -> Node:
    return min(pair.one, pair.two, key=lambda node: len(node.label))
