"""What became of each product in each list that showed it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from index_builder.train.queries.events.grouping import Groups, numbered
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.table import EventTable, Flags, Ints

_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Showings:
    """Columns of equal length, one row for each product of each list, int64.

    `stage` is the last EventKind that happened; a cart or purchase implies a click. `position` is the first
    one that is known, 0 where none is. What was clicked was shown, even if its own impression was lost.
    """

    query: Ints
    product: Ints
    position: Ints
    stage: Ints

    def __len__(self) -> int:
        return len(self.query)

    @property
    def clicked(self) -> Flags:
        return self.stage >= EventKind.CLICK

    def where(self, kept: Flags) -> Showings:
        return Showings(
            self.query[kept],
            self.product[kept],
            self.position[kept],
            self.stage[kept],
        )


def showings(table: EventTable) -> Showings:
    """Of events that all have a query and a search."""
    groups = Groups.of(numbered(table.search, table.query, table.product))
    first = groups.order[groups.starts]
    position = groups.least(np.where(table.position > 0, table.position, _FAR))
    return Showings(
        table.query[first],
        table.product[first],
        np.where(position == _FAR, 0, position),
        groups.largest(table.kind),
    )


def has_impressions(table: EventTable) -> bool:
    """Whether most of the clicks are on products that the log says the query showed to somebody."""
    if not (table.kind == EventKind.IMPRESSION).any():
        return False
    clicks = table.kind == EventKind.CLICK
    return not clicks.any() or bool(np.mean(never_shown(table)[clicks]) < 0.5)


def never_shown(table: EventTable) -> Flags:
    """Events on products that no list of the query showed."""
    pair = numbered(table.query, table.product)
    return ~np.isin(pair, pair[table.kind == EventKind.IMPRESSION])
