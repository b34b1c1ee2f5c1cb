"""The way in: events files to training queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import ConfigError
from index_builder.quality.catalogue import DEFAULT_MAX_BAD_SHARE
from index_builder.sources.rows import QuarantinedRow
from index_builder.train.queries.events.cleaning import CleanEvents, cleaned, usable_queries, with_rows
from index_builder.train.queries.events.evidence import from_clicks, from_showings
from index_builder.train.queries.events.examination import BiasMethod, Examination, assumed, examination
from index_builder.train.queries.events.grading import grades, training_queries
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.reading import EventsRead, read_events
from index_builder.train.queries.events.report import EventReport
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.showings import Showings, showings
from index_builder.train.queries.events.table import EventTable
from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery
from index_builder.train.queries.source import ORIGIN_WEIGHTS, Source

_NO_ANSWER = "no answer in the catalogue"
_DEFAULTS = EventRules()


def event_source(
    paths: Sequence[Path],
    row_of: Mapping[str, int],
    *,
    rules: EventRules = _DEFAULTS,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    on_bad_row: Callable[[QuarantinedRow], None] | None = None,
) -> tuple[Source, EventReport]:
    """`event_queries` as a source of training queries. Raises ConfigError when there is none, too."""
    queries, report = event_queries(
        paths, row_of, rules=rules, max_bad_share=max_bad_share, on_bad_row=on_bad_row
    )
    if not queries:
        reasons = ", ".join(f"{count:,} x {reason}" for reason, count in report.dropped_queries.items())
        raise ConfigError(
            f"No query of the events can be learnt from ({reasons or 'nothing is left once bots are gone'}). "
            "Give a longer log, or train without events."
        )
    return Source(Origin.EVENTS, queries, report.dropped_queries, ORIGIN_WEIGHTS[Origin.EVENTS]), report


def event_queries(
    paths: Sequence[Path],
    row_of: Mapping[str, int],
    *,
    rules: EventRules = _DEFAULTS,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    on_bad_row: Callable[[QuarantinedRow], None] | None = None,
) -> tuple[list[TrainingQuery], EventReport]:
    """What shoppers' events say of the products that answer their queries, sorted by text.

    `row_of` is the row by product id. Products that are gone still tell of places and of the log's habits.
    Raises DataError for files that cannot be used, ConfigError when more than half of their products are
    unknown.
    """
    read = read_events(paths, max_bad_share=max_bad_share, on_bad_row=on_bad_row)
    learned = learned_from(read.table, row_of, rules)
    return learned.queries, _report(read, learned)


@dataclass(frozen=True, slots=True)
class Learned:
    """Queries sorted by text, and what led to them: `dropped` counts queries, `unknown` products."""

    queries: list[TrainingQuery]
    clean: CleanEvents
    looks: Examination
    dropped: Mapping[str, int]
    unknown: int


def learned_from(
    table: EventTable, row_of: Mapping[str, int], rules: EventRules, *, most_unknown: float = 0.5
) -> Learned:
    """Of events that were read. Raises ConfigError when a greater share of their products than `most_unknown`
    is unknown.
    """
    table, end, unknown = with_rows(table, row_of, most_unknown)
    clean = cleaned(table, rules)
    happened = showings(clean.table)
    looks = _looks(happened, clean.impressions, rules)
    gather = from_showings if clean.impressions else from_clicks
    evidence = gather(happened, looks, rules)
    usable, dropped = usable_queries(clean.table, rules)
    evidence = evidence.where((evidence.product < end) & usable[evidence.query])
    graded = grades(evidence, negatives=clean.impressions)
    queries = training_queries(evidence, graded, clean.table.queries, rules)
    if lost := int(usable.sum()) - len(queries):
        dropped = {**dropped, _NO_ANSWER: lost}
    return Learned(queries, clean, looks, dropped, unknown)


def _looks(happened: Showings, impressions: bool, rules: EventRules) -> Examination:
    if impressions:
        return examination(happened, rules)
    places = int(happened.position.max(initial=0))
    return assumed(places, rules) if places else examination(happened, rules)


def _report(read: EventsRead, learned: Learned) -> EventReport:
    clean, looks, queries = learned.clean, learned.looks, learned.queries
    counts = np.bincount(read.table.kind, minlength=len(EventKind)).tolist()
    answers = sum(int((query.grades >= ANSWERS_FROM).sum()) for query in queries)
    return EventReport(
        row_count=read.row_count,
        bad_rows=read.bad_counts,
        bad_examples=read.bad,
        kinds={kind.name.lower(): counts[kind] for kind in EventKind},
        shopper_count=int(read.table.shopper.max(initial=-1)) + 1,
        bots=clean.bots,
        dropped=clean.dropped,
        dropped_queries=learned.dropped,
        unknown_products=learned.unknown,
        examination=looks,
        query_count=len(queries),
        answers=answers,
        negatives=sum(len(query.rows) for query in queries) - answers,
        unsure=sum(len(query.answers) for query in queries) - answers,
        notes=(*clean.notes, *_bias_notes(looks, clean.impressions)),
    )


def _bias_notes(looks: Examination, impressions: bool) -> list[str]:
    if looks.method is BiasMethod.NONE:
        return ["The log has no positions: what stands first is clicked more, and here counts as better."]
    if looks.method is BiasMethod.ASSUMED and impressions:
        clicks = f"Only {looks.moved_clicks} clicks are on products that a query showed at several places"
        return [f"{clicks}, too few to tell attention from worth: attention by place is assumed."]
    return []
