"""Past queries whose products may have moved or gone since, and what products that came since are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.live.overlay import Overlay
from engine.live.suggestions import LiveNames
from engine.stages.retrieve import PastQueries
from engine.types import PastQuery


@dataclass(frozen=True, slots=True)
class LayeredPastQueries:
    """Fits `PastQueries`: a product that has got a slot keeps what past queries say of it."""

    base: PastQueries
    overlay: Overlay
    names: LiveNames

    def __len__(self) -> int:
        return len(self.base)

    def get(self, row: int) -> PastQuery:
        return self._now(self.base.get(row))

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        """Past queries, but for those whose products are all gone, then names of products in slots."""
        found = self._past(prefix, limit)
        known = {query.text for query in found}
        return found + self.names.suggest(prefix, limit - len(found), self.overlay, known)

    def _past(self, prefix: str, limit: int) -> list[PastQuery]:
        asked = limit
        while True:
            suggested = self.base.suggest(prefix, asked)
            now = [self._now(query) for query in suggested]
            kept = [
                new for old, new in zip(suggested, now, strict=True) if len(new.rows) or not len(old.rows)
            ]
            if len(kept) >= limit or len(suggested) < asked:
                return kept[:limit]
            asked *= 2

    def _now(self, query: PastQuery) -> PastQuery:
        rows = self.overlay.now(query.rows)
        return query if rows is query.rows else replace(query, rows=rows)
