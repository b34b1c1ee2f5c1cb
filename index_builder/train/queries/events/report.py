"""What was read, what was left out and why, and what the log cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from index_builder.sources.rows import Problem, QuarantinedRow
from index_builder.train.queries.events.examination import Examination

_PLACES_SHOWN = (1, 2, 3, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class EventReport:
    """Counts are of events unless their name says otherwise.

    `kinds` are those read, before cleaning; `bad_rows` counts the rows that were none, by problem,
    `bad_examples` are the first thousand of them. `bots` counts shoppers by the rule they broke; `dropped`
    events by reason, each under the first that applied; `dropped_queries` queries. `answers`, `negatives` and
    `unsure` count pairs of query and product. `notes` are sentences on what this log cannot tell.
    """

    row_count: int
    bad_rows: Mapping[Problem, int]
    bad_examples: tuple[QuarantinedRow, ...]
    kinds: Mapping[str, int]
    shopper_count: int
    bots: Mapping[str, int]
    dropped: Mapping[str, int]
    dropped_queries: Mapping[str, int]
    unknown_products: int
    examination: Examination
    query_count: int
    answers: int
    negatives: int
    unsure: int
    notes: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For people, most important first."""
        kinds = ", ".join(f"{count:,} {kind}s" for kind, count in self.kinds.items() if count)
        yield f"{self.row_count:,} rows: {kinds or 'no events'}, by {self.shopper_count:,} shoppers."
        yield (
            f"{self.query_count:,} queries with {self.answers:,} answers and {self.negatives:,} negatives; "
            f"{self.unsure:,} clicked products are neither, and never drawn as negatives."
        )
        yield f"Attention by place: {self.examination.method}; {self._attention()}."
        yield from (f"Bad rows, {problem}: {count:,}." for problem, count in self.bad_rows.items())
        if self.unknown_products:
            yield f"{self.unknown_products:,} products are not in the catalogue."
        yield from (f"Bots, {reason}: {count:,} shoppers." for reason, count in self.bots.items())
        yield from (f"Left out, {reason}: {count:,} events." for reason, count in self.dropped.items())
        yield from (
            f"Left out, {reason}: {count:,} queries." for reason, count in self.dropped_queries.items()
        )
        yield from self.notes

    def _attention(self) -> str:
        share = self.examination.propensity
        places = [place for place in _PLACES_SHOWN if place <= len(share)]
        return ", ".join(f"{place}: {share[place - 1]:.2f}" for place in places)
