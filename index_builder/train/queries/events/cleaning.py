"""What is left of a log once everything that says nothing is gone, counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import ConfigError
from index_builder.train.queries.events.bots import find_bots
from index_builder.train.queries.events.grouping import numbered
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.repeats import (
    coarse_times,
    double_clicks,
    further_lists,
    repeats,
    slips,
)
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.searches import with_searches
from index_builder.train.queries.events.showings import has_impressions, never_shown
from index_builder.train.queries.events.table import EventTable, Flags

NO_CLICK, DOUBLE, REPEATED, BOTS, FURTHER, SLIPS, UNSHOWN, FEW_SHOWN = (
    "cart or purchase without a query that follows no click",
    "second click within seconds",
    "repeated in the same list",
    "by bots",
    "in further lists of the same query and shopper",
    "clicked by accident",
    "on products that the query never showed",
    "impressions, of which the log lacks most",
)
RARE, FEW_CLICKS = "asked by too few shoppers", "too few clicks"
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class CleanEvents:
    """Every event of `table` has a query and a search. `impressions` tells whether it says what was shown."""

    table: EventTable
    impressions: bool
    dropped: Mapping[str, int]
    bots: Mapping[str, int]
    notes: tuple[str, ...]


def cleaned(table: EventTable, rules: EventRules) -> CleanEvents:
    """The steps in their order; an event counts under the first that drops it."""
    dropped: Counter[str] = Counter()

    def without(table: EventTable, flags: Flags, reason: str) -> EventTable:
        dropped[reason] += int(flags.sum())
        return table.where(~flags)

    notes = tuple(_notes(table))
    table = with_searches(table, rules)
    table = without(table, table.query < 0, NO_CLICK)
    table = without(table, double_clicks(table, rules), DOUBLE)
    table = without(table, repeats(table), REPEATED)
    bots = find_bots(table, rules)
    table = without(table, bots.events, BOTS)
    table = without(table, further_lists(table, rules), FURTHER)
    table = without(table, slips(table, rules), SLIPS)
    impressions = has_impressions(table)
    if impressions:
        table = without(table, never_shown(table), UNSHOWN)
    else:
        table = without(table, table.kind == EventKind.IMPRESSION, FEW_SHOWN)
        notes += ("The log does not say what was shown and not clicked: it gives answers, but no negatives.",)
    return CleanEvents(
        table,
        impressions,
        {reason: count for reason, count in dropped.items() if count},
        bots.shoppers,
        notes,
    )


def with_rows(
    table: EventTable, row_of: Mapping[str, int], most_unknown: float = 0.5
) -> tuple[EventTable, int, int]:
    """`product` becomes its row in the catalogue, so that two ids of one product are one; unknown ones get
    numbers above the last row, which is returned beside the count of unknown products.

    Raises ConfigError when a greater share of the products than `most_unknown` is unknown.
    """
    end = max(row_of.values(), default=-1) + 1
    found = [row_of.get(product, -1) for product in table.products]
    unknown = sorted(product for product, row in zip(table.products, found, strict=True) if row < 0)
    if len(unknown) > most_unknown * len(found):
        raise ConfigError(
            f"{len(unknown):,} of the {len(found):,} products in the events are not in the catalogue, among "
            f"them {', '.join(unknown[:_EXAMPLES])}. Events must name products by the catalogue's ids; check "
            "that they belong to this catalogue and that the id column is mapped.",
            unknown=len(unknown),
        )
    rows = np.array(found, np.int64)
    places = np.where(rows >= 0, rows, end + np.arange(len(rows)))
    return replace(table, product=places[table.product]), end, len(unknown)


def usable_queries(table: EventTable, rules: EventRules) -> tuple[Flags, Mapping[str, int]]:
    """Which of `table.queries` enough shoppers asked and clicked for, and how many were dropped by reason.

    Shoppers only count in a log that names any.
    """
    count = len(table.queries)
    asked = np.bincount(table.query, minlength=count) > 0
    shoppers = np.full(count, rules.min_shoppers)
    if (table.shopper >= 0).any():
        known = np.flatnonzero(table.shopper >= 0)
        first = np.unique(numbered(table.query[known], table.shopper[known]), return_index=True)[1]
        shoppers = np.bincount(table.query[known][first], minlength=count)
    clicked = np.flatnonzero(table.kind >= EventKind.CLICK)
    place = numbered(table.query[clicked], table.product[clicked], table.search[clicked])
    first = np.unique(place, return_index=True)[1]
    clicks = np.bincount(table.query[clicked][first], minlength=count)
    rare = asked & (shoppers < rules.min_shoppers)
    few = asked & ~rare & (clicks < rules.min_clicks)
    dropped = {RARE: int(rare.sum()), FEW_CLICKS: int(few.sum())}
    return asked & ~rare & ~few, {reason: number for reason, number in dropped.items() if number}


def _notes(table: EventTable) -> list[str]:
    notes = []
    if not (table.shopper >= 0).any():
        notes.append("The log names no shoppers: bots cannot be told, nor how many people asked a query.")
    if not (table.kind == EventKind.CLICK).any() and (table.kind == EventKind.IMPRESSION).any():
        notes.append(
            "The log has no clicks. If its views are pages that shoppers opened, call them product_view: a "
            "view is an impression here."
        )
    if coarse_times(table):
        notes.append("The log's times tell no seconds apart: double and accidental clicks cannot be told.")
    return notes
