"""What shoppers did, as training data: which products answer a query, freed from bots, noise and position.

Each file is one step: read (`reading`; `recorded`, of a server's own store), drop repeats (`repeats`) and
bots (`bots`), put together what happened to each product in each result list (`showings`), estimate how many
shoppers look at each place (`examination`), grade (`grading`). `source` is the way in.
"""

from index_builder.train.queries.events.report import EventReport
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.source import event_queries, event_source

__all__ = ["EventReport", "EventRules", "event_queries", "event_source"]
