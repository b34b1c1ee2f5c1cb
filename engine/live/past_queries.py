"""Past queries whose products may have moved or gone since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.live.overlay import Overlay
from engine.stages.retrieve import PastQueries
from engine.types import PastQuery


@dataclass(frozen=True, slots=True)
class LayeredPastQueries:
    """Fits `PastQueries`: a product that has got a slot keeps what past queries say of it."""

    base: PastQueries
    overlay: Overlay

    def __len__(self) -> int:
        return len(self.base)

    def get(self, row: int) -> PastQuery:
        return self._now(self.base.get(row))

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        return [self._now(query) for query in self.base.suggest(prefix, limit)]

    def _now(self, query: PastQuery) -> PastQuery:
        rows = self.overlay.now(query.rows)
        return query if rows is query.rows else replace(query, rows=rows)
