"""Where training queries come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from index_builder.train.queries.query import Origin, TrainingQuery

ORIGIN_WEIGHTS = {Origin.JUDGEMENTS: 4.0, Origin.EVENTS: 2.0, Origin.GRAPH: 1.0}
"""What a query counts by who says what answers it: people who were asked, people who bought, the catalogue.
The same order decides where two of them disagree about a product."""


@dataclass(frozen=True, slots=True)
class Source:
    """Queries of one origin. `dropped` tells how many were left out, by reason. `weight`, above 0, multiplies
    that of each query.
    """

    origin: Origin
    queries: Sequence[TrainingQuery]
    dropped: Mapping[str, int] = field(default_factory=dict)
    weight: float = 1.0
