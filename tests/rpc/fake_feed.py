"""A change log in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from engine.change_feed import ChangePage, FollowedChange, LogPosition
from engine.errors import AnotherLogError, CompactedError
from engine.types import Product

PAGE = 50
TIME = datetime(2026, 2, 2, 12, tzinfo=UTC)


@dataclass
class FakeFeed:
    """Changes up to `compacted` are forgotten; `pages` counts how often somebody was given some."""

    log_id: str = "log-1"
    logged: list[FollowedChange] = field(default_factory=list)
    compacted: int = 0
    pages: int = 0
    news: threading.Condition = field(default_factory=threading.Condition)
    wakes: int = 0

    @property
    def sequence(self) -> int:
        return len(self.logged)

    def log(self, product_id: str, product: Product | None) -> None:
        """Its embedding is (1, 0), made by "fake-encoder"."""
        embedding = np.array([1, 0], np.float32)
        change = FollowedChange(self.sequence + 1, TIME, product_id, product, embedding, "fake-encoder")
        self.logged.append(change if product else replace(change, embedding=None, encoder=""))
        self.wake()

    def wake(self) -> None:
        with self.news:
            self.wakes += 1
            self.news.notify_all()

    def page(self, position: LogPosition, wait: float) -> ChangePage:
        if position.log_id not in ("", self.log_id):
            raise AnotherLogError(position.log_id, self.log_id)
        if position.sequence < self.compacted:
            raise CompactedError(position.sequence, self.compacted)
        with self.news:
            wakes = self.wakes
            self.news.wait_for(lambda: self.sequence > position.sequence or self.wakes != wakes, wait)
        found = self.logged[position.sequence : position.sequence + PAGE]
        self.pages += bool(found)
        return ChangePage(self.log_id, found, self.sequence)
