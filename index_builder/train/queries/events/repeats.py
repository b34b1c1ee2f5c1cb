"""Events that say again what was said, and clicks that were none."""

from __future__ import annotations

import numpy as np

from index_builder.train.queries.events.grouping import Groups, numbered
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.table import EventTable, Flags

_COARSE = 60.0
"""Times that are nearly all whole minutes say nothing of seconds."""


def coarse_times(table: EventTable) -> bool:
    """Whether the log's clock (or the lack of one) tells no seconds apart."""
    known = table.time[~np.isnan(table.time)]
    return len(known) == 0 or float(np.mean(known % _COARSE == 0)) > 0.9


def double_clicks(table: EventTable, rules: EventRules) -> Flags:
    """Clicks by the same shopper on the same product, a few seconds after the one before."""
    found = np.zeros(len(table), np.bool_)
    rows = np.flatnonzero((table.kind == EventKind.CLICK) & (table.shopper >= 0) & ~np.isnan(table.time))
    if coarse_times(table):
        return found
    group = numbered(table.shopper[rows], table.query[rows], table.product[rows])
    groups = Groups.of(group, (table.time[rows],))
    ordered = rows[groups.order]
    quick = np.diff(table.time[ordered], prepend=-np.inf) <= rules.double_click_seconds
    quick[groups.starts] = False
    found[ordered] = quick
    return found


def repeats(table: EventTable) -> Flags:
    """Events of the same kind on the same product of the same list, but for the first in the files."""
    said = numbered(table.search, table.query, table.product, table.kind)
    found = np.ones(len(table), np.bool_)
    found[np.unique(said, return_index=True)[1]] = False
    return found


def further_lists(table: EventTable, rules: EventRules) -> Flags:
    """Events of lists that a shopper saw after the first few of the same query.

    The same person's opinion told again is no further evidence, and whoever pushes a product has to be many.
    Which lists count does not hang on what was clicked in them, so that nothing is biased.
    """
    found = np.zeros(len(table), np.bool_)
    rows = np.flatnonzero(table.shopper >= 0)
    shopper, query, search = table.shopper[rows], table.query[rows], table.search[rows]
    each = numbered(shopper, query, search)
    groups = Groups.of(numbered(shopper, query), (table.time[rows], search))
    lists, first = np.unique(each[groups.order], return_index=True)
    starts = np.zeros(len(rows), np.int64)
    starts[first] = 1
    seen = np.cumsum(starts)
    before = (seen - starts)[groups.start_of_each()] if len(rows) else seen
    place = np.zeros(len(lists), np.int64)
    place[lists] = (seen - before)[first]
    found[rows] = place[each] > rules.lists_per_shopper
    return found


def slips(table: EventTable, rules: EventRules) -> Flags:
    """All events of a product in a list where the click on it was followed at once by one on another product,
    and by no cart and no purchase. They say neither that it answers nor that it does not.

    Clicks at the very same time are none: logs may give all events of a list its own time.
    """
    found = np.zeros(len(table), np.bool_)
    rows = np.flatnonzero((table.kind == EventKind.CLICK) & ~np.isnan(table.time))
    if coarse_times(table) or not len(rows):
        return found
    groups = Groups.of(table.search[rows], (table.time[rows],))
    ordered = rows[groups.order]
    pause = np.diff(table.time[ordered], append=np.inf)
    pause[groups.starts[1:] - 1] = np.inf
    other = table.product[ordered] != np.roll(table.product[ordered], -1)
    found[ordered] = (pause > 0) & (pause <= rules.accident_seconds) & other
    place = numbered(table.search, table.query, table.product)
    serious = np.isin(place, place[table.kind > EventKind.CLICK])
    return np.isin(place, place[found]) & ~serious
