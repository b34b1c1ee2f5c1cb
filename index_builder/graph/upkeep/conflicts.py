"""Settles claims that cannot all be true: the most trusted stands, the others yield to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from index_builder.graph.draft import Origin
from index_builder.graph.upkeep.trust import Trust

MIN_KEPT = 0.2
"""A claim that is left with less confidence is dropped."""


class Outcome(StrEnum):
    KEPT = "kept"
    """It agrees with the winner, or is of the same source."""
    CUT = "cut"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Claim:
    """`what` is stated (an IRI), by whom, and how surely."""

    what: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a claim: its confidence in [0, 1] afterwards, and which claim it lost to."""

    claim: Claim
    winner: Claim
    outcome: Outcome
    confidence: float


def settle(claims: Sequence[Claim], trust: Trust, agree: Callable[[str, str], bool]) -> list[Verdict]:
    """A verdict on each claim but the winner, weightiest first; of equals the first by `what` wins.

    Two claims exclude each other, so the loser can be right only where the winner is wrong: its confidence is
    multiplied by 1 - score of the winner (trust times confidence). What one source says twice is no
    conflict: it knows that there are two.
    """
    ranked = sorted(claims, key=lambda each: (-trust.score(each.origin), each.what, each.origin.source))
    winner, *others = ranked
    left = 1 - trust.score(winner.origin)
    verdicts = []
    for claim in others:
        confidence = claim.origin.confidence
        if claim.origin.source == winner.origin.source or agree(winner.what, claim.what):
            verdicts.append(Verdict(claim, winner, Outcome.KEPT, confidence))
        elif confidence * left < MIN_KEPT:
            verdicts.append(Verdict(claim, winner, Outcome.DROPPED, 0.0))
        else:
            verdicts.append(Verdict(claim, winner, Outcome.CUT, confidence * left))
    return verdicts
