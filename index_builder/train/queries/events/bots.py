"""Shoppers who are none: crawlers, price watchers, and those who push a product of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from index_builder.train.queries.events.grouping import numbered
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.table import EventTable, Flags, Floats, Ints

_DEVIATIONS = 10.0
_NORMAL = 1.4826
"""The median absolute deviation times this is the standard deviation of a normal distribution."""
_HOUR, _DAY = 3_600.0, 86_400.0
TOO_FAST, TOO_KEEN, TOO_STUBBORN = (
    "more clicks in an hour than people make",
    "clicked nearly everything shown",
    "asked one query too often in a day",
)


@dataclass(frozen=True, slots=True)
class Bots:
    """`events` marks theirs. `shoppers` counts them by the first rule that they break."""

    events: Flags
    shoppers: Mapping[str, int]


def find_bots(table: EventTable, rules: EventRules) -> Bots:
    """By what a shopper (or a session, in a log without shoppers) did at most; events of nobody are kept.

    Every limit is robust: the rule's own, or where it is higher, the median of all shoppers plus ten standard
    deviations (from the median absolute deviation), so that a shop whose customers click more than most keeps
    them.
    """
    count = int(table.shopper.max(initial=-1)) + 1
    figures = (
        (TOO_FAST, _clicks_per_hour(table, count), rules.clicks_per_hour),
        (TOO_KEEN, _click_share(table, count, rules.min_shown), rules.click_share),
        (TOO_STUBBORN, _searches_per_day(table, count), rules.searches_per_day),
    )
    found = np.zeros(count, np.bool_)
    shoppers = {}
    for reason, values, least in figures:
        broken = (values > _limit(values, least)) & ~found
        shoppers[reason] = int(broken.sum())
        found |= broken
    events = (table.shopper >= 0) & np.append(found, False)[table.shopper]
    return Bots(events, {reason: number for reason, number in shoppers.items() if number})


def _limit(values: Floats, least: float) -> float:
    """Over shoppers of whom the figure is known (not NaN)."""
    known = values[~np.isnan(values)]
    if not len(known):
        return least
    middle = float(np.median(known))
    return max(least, middle + _DEVIATIONS * _NORMAL * float(np.median(np.abs(known - middle))))


def _clicks_per_hour(table: EventTable, count: int) -> Floats:
    """The most in one hour of the clock; NaN for shoppers without a click whose time is known."""
    rows = np.flatnonzero((table.kind == EventKind.CLICK) & (table.shopper >= 0) & ~np.isnan(table.time))
    hour = (table.time[rows] // _HOUR).astype(np.int64)
    return _most(table.shopper[rows], numbered(table.shopper[rows], hour), count)


def _click_share(table: EventTable, count: int, min_shown: int) -> Floats:
    """Of the products shown, NaN below `min_shown` of them."""
    place = numbered(table.search, table.query, table.product)
    shown = (table.kind == EventKind.IMPRESSION) & (table.shopper >= 0)
    clicked = shown & np.isin(place, place[table.kind == EventKind.CLICK])
    all_shown = np.bincount(table.shopper[shown], minlength=count).astype(np.float64)
    all_clicked = np.bincount(table.shopper[clicked], minlength=count)
    enough = all_shown >= min_shown
    return np.where(enough, all_clicked / np.maximum(all_shown, 1), np.nan)


def _searches_per_day(table: EventTable, count: int) -> Floats:
    """Lists of one query on one day; without times the whole log is one day."""
    rows = np.flatnonzero((table.shopper >= 0) & (table.query >= 0))
    day = np.nan_to_num(table.time[rows] // _DAY, nan=0.0).astype(np.int64)
    asked = numbered(table.shopper[rows], table.query[rows], day, table.search[rows])
    first = np.unique(asked, return_index=True)[1]
    rows, day = rows[first], day[first]
    return _most(table.shopper[rows], numbered(table.shopper[rows], table.query[rows], day), count)


def _most(shopper: Ints, group: Ints, count: int) -> Floats:
    """For each shopper the size of the largest group; NaN without any."""
    sizes = np.bincount(group)[group].astype(np.float64) if len(group) else np.empty(0)
    most = np.full(count, np.nan)
    np.fmax.at(most, shopper, sizes)
    return most
