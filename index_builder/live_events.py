"""What shoppers did, as a server recorded it, in a build: past queries and orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.backends.change import from_microseconds
from engine.backends.event_reader import EventReader
from engine.backends.event_schema import holds_events
from engine.generation import LIVE
from engine.shopper_events import EventType, KeptEvent
from engine.types import PastQuery, ProductId
from index_builder.graph.relations.orders import OrderLine
from index_builder.train.queries.events.grouping import numbered
from index_builder.train.queries.events.recorded import add_recorded
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.source import learned_from
from index_builder.train.queries.events.table import EventTable, EventTableBuilder
from index_builder.train.queries.query import ANSWERS_FROM

_RULES = EventRules()


@dataclass(frozen=True, slots=True)
class LiveEvents:
    """Those up to a `sequence` of the store: what says something of queries, and what was bought."""

    table: EventTable
    bought: Sequence[OrderLine]
    sequence: int

    @classmethod
    def read(cls, data: Path) -> LiveEvents | None:
        """None where no event was ever recorded. DamagedEventsError."""
        if not holds_events(data / LIVE):
            return None
        builder, bought = EventTableBuilder(), []
        with closing(EventReader.open_to_read(data / LIVE)) as reader:
            for _, event in reader.events():
                add_recorded(event, builder)
                if event.type is EventType.PURCHASE and (event.order or event.session):
                    bought.append(_order_line(event))
            return cls(builder.build(), tuple(bought), reader.sequence)

    def past_queries(self, row_of: Mapping[str, int]) -> list[PastQuery]:
        """What was asked, how often, and the products that answer it, best first, weighed as for training.
        Only what enough shoppers asked (`EventRules.min_shoppers`), since it is suggested to others: nothing
        of a log that names neither shoppers nor sessions.
        """
        if not (self.table.shopper >= 0).any():
            return []
        learned = learned_from(self.table, row_of, _RULES, most_unknown=1.0)
        table = learned.clean.table
        lists = np.unique(numbered(table.query, table.search), return_index=True)[1]
        asked = np.bincount(table.query[lists], minlength=len(table.queries))
        code_of = {text: code for code, text in enumerate(table.queries)}
        return [
            PastQuery(query.text, int(asked[code_of[query.text]]), query.rows[query.grades >= ANSWERS_FROM])
            for query in learned.queries
        ]


def _order_line(event: KeptEvent) -> OrderLine:
    order = f"order {event.order.hex()}" if event.order else f"session {event.session.hex()}"
    return OrderLine(order, ProductId(event.product_id), from_microseconds(event.time).date())
