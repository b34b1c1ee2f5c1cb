"""How likely it is that two names mean the same: a logistic model whose parts are readable.

The weights were fitted offline (L2-regularised logistic regression) on pairs that `candidates_in` proposes
on the Icecat catalogue, drawn by kind of difference and judged by hand by one person, without the pairs of
the gold set's test split; `LISTED` is the log of a likelihood ratio counted on the same pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index_builder.graph.draft import Node
from index_builder.graph.resolution.candidates import Pair
from index_builder.graph.resolution.context import Context
from index_builder.graph.resolution.readings import Mark, Step

BASE = 2.85
WEIGHTS: Mapping[Step, float] = {
    Step.SPELLING: 0.2,
    Step.PLURAL: 0.0,
    Step.UNIT: 0.0,
    Step.TABLE: 0.0,
    Step.LEGAL: 0.0,
    Step.BRAND: 0.0,
    Step.GENERIC: -0.3,
    Step.KEY_WORD: -0.3,
    Step.ACRONYM: 0.0,
    Step.GLOSS: -1.9,
    Step.INITIALS: 0.0,
    Step.ORDER: 0.0,
    Step.TYPO: 0.0,
    Step.EXTRA: -3.9,
}
LISTED = -2.4
TOLD = -4.0
ALIKE = 0.5
MEANING = 1.5
_MEANING_CENTRE = 0.7
NOT_OF_BRAND = -6.0
LOOSE = frozenset({Step.GENERIC, Step.KEY_WORD, Step.GLOSS, Step.INITIALS, Step.TYPO, Step.EXTRA})
"""Steps for which it counts how alike the meanings of the two names are."""


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
    return 0.01 * len(marks) - sum(WEIGHTS[step] for step in {step for step, _ in marks})


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
        alike = context.alikeness(pair.one, pair.two) if pair.marks else 0.0
        logit = BASE - cost_of(pair.marks) + TOLD * told + LISTED * (share > 0) + ALIKE * alike
        if not _of_brand(pair, context):
            logit += NOT_OF_BRAND
        found.append(Scored(pair, logit, share, alike))
    return found


def undecided(scored: Scored) -> bool:
    """Whether the meaning of the names could turn the balance."""
    loose = any(step in LOOSE for step, _ in scored.pair.marks)
    return loose and abs(scored.logit) < MEANING * _MEANING_CENTRE


def with_meaning(scored: Scored, cosine: float) -> Scored:
    logit = scored.logit + MEANING * (cosine - _MEANING_CENTRE)
    return Scored(scored.pair, logit, scored.listed, scored.alike, cosine)


def _of_brand(pair: Pair, context: Context) -> bool:
    """A brand may be left out of the name of what only that brand's products speak of."""
    brands = [words for step, words in pair.marks if step is Step.BRAND]
    return not brands or context.brand_share(_shorter(pair), brands[0]) >= 0.5


def _shorter(pair: Pair) -> Node:
    return min(pair.one, pair.two, key=lambda node: len(node.label))
