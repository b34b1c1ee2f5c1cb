"""What fusion decided, counted, and some of it told in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from index_builder.graph.upkeep.conflicts import Outcome

SAMPLES = 20
"""Decisions told in full, spread over all."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a statement about `subject` (a product id, or an IRI) lost: `slot` can hold only one of the two."""

    subject: str
    slot: str
    kept: str
    kept_by: str
    lost: str
    lost_by: str
    outcome: Outcome
    before: float
    after: float

    @property
    def reason(self) -> str:
        end = "dropped" if self.outcome is Outcome.DROPPED else f"{self.before:.2f} -> {self.after:.2f}"
        return f"{self.slot}: {self.kept} ({self.kept_by}) stands against {self.lost} ({self.lost_by}): {end}"


@dataclass(frozen=True, slots=True)
class FusionReport:
    """`agreed` statements have several sources, `surer` of them gained confidence by it; `functional` slots
    take one value; `cut` and `dropped` count losers by (slot, losing source); `sample` tells some in full.
    """

    statements: int
    agreed: int
    surer: int
    functional: tuple[str, ...]
    cut: Mapping[tuple[str, str], int]
    dropped: Mapping[tuple[str, str], int]
    sample: tuple[Decision, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they stand in a generation's report."""
        counts = {
            name: [
                {"slot": slot, "source": source, "statements": count} for (slot, source), count in of.items()
            ]
            for name, of in (("cut", self.cut), ("dropped", self.dropped))
        }
        sample = [{**asdict(each), "reason": each.reason} for each in self.sample]
        return {**asdict(self), **counts, "functional": list(self.functional), "sample": sample}


def losers(decisions: Sequence[Decision], outcome: Outcome) -> dict[tuple[str, str], int]:
    """How many lost so, by (slot, losing source), in order."""
    counts = Counter((each.slot, each.lost_by) for each in decisions if each.outcome is outcome)
    return dict(sorted(counts.items()))


def spread(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """At most `SAMPLES`, evenly from the first to the last."""
    step = max(1, -(-len(decisions) // SAMPLES))
    return tuple(decisions[::step])
