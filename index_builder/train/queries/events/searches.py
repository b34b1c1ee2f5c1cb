"""Which result list an event belongs to, where the log does not say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from index_builder.train.queries.events.grouping import Groups, numbered
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.table import EventTable


def with_searches(table: EventTable, rules: EventRules) -> EventTable:
    """Every event gets a `search`. Without one in the log, a shopper's events of one query without a longer
    pause are one; an event of nobody is one of its own.

    Carts and purchases that name no list or no query take those of the shopper's last click on the product
    (of the list's, where there is no shopper), if that was not too long ago and for the same query. Those
    that then still have no query keep -1.
    """
    return _with_clicks(table, _derived(table, rules), rules)


def _derived(table: EventTable, rules: EventRules) -> EventTable:
    search = table.search.copy()
    next_number = int(search.max(initial=-1)) + 1
    rows = np.flatnonzero((search < 0) & (table.shopper >= 0) & (table.query >= 0))
    groups = Groups.of(numbered(table.shopper[rows], table.query[rows]), (table.time[rows],))
    ordered = rows[groups.order]
    starts = np.diff(table.time[ordered], prepend=np.nan) > rules.search_gap_seconds
    starts[groups.starts] = True
    search[ordered] = next_number + np.cumsum(starts) - 1
    alone = np.flatnonzero(search < 0)
    search[alone] = int(search.max(initial=next_number - 1)) + 1 + np.arange(len(alone))
    return replace(table, search=search)


def _with_clicks(given: EventTable, table: EventTable, rules: EventRules) -> EventTable:
    rows = np.flatnonzero(table.kind >= EventKind.CLICK)
    owner = np.where(table.shopper >= 0, table.shopper, table.shopper.max(initial=-1) + 1 + table.search)[
        rows
    ]
    group = numbered(owner, table.product[rows])
    groups = Groups.of(group, (table.time[rows], table.kind[rows]))
    ordered = rows[groups.order]
    clicks = np.where(table.kind[ordered] == EventKind.CLICK, np.arange(len(rows)), -1)
    last = np.maximum.accumulate(clicks) if len(rows) else clicks
    has_click = last >= groups.start_of_each()
    click = ordered[np.maximum(last, 0)]
    late = table.time[ordered] - table.time[click] > rules.attribution_seconds
    lacks_query = table.query[ordered] < 0
    fits = lacks_query | (table.query[ordered] == table.query[click])
    lacks = lacks_query | (given.search[ordered] < 0)
    taken = has_click & ~late & fits & lacks & (table.kind[ordered] > EventKind.CLICK)
    query, search = table.query.copy(), table.search.copy()
    query[ordered[taken]] = table.query[click[taken]]
    search[ordered[taken]] = table.search[click[taken]]
    return replace(table, query=query, search=search)
