"""How long a caller will wait, and whether it still does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from engine.errors import CancelledError, DeadlineExceededError


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Deadline:
    """`expires_at` is on the clock of time.monotonic(), in seconds; None means the caller waits forever."""

    expires_at: float | None = None
    cancelled: Callable[[], bool] = _never

    @classmethod
    def none(cls) -> Deadline:
        return cls()

    @classmethod
    def after(cls, seconds: float, cancelled: Callable[[], bool] = _never) -> Deadline:
        return cls(time.monotonic() + seconds, cancelled)

    def remaining(self) -> float:
        """Seconds, may be negative; infinity when the caller waits forever."""
        return inf if self.expires_at is None else self.expires_at - time.monotonic()

    def check(self) -> None:
        """Raises CancelledError when the caller is gone, DeadlineExceededError when its time is up."""
        if self.cancelled():
            raise CancelledError("The caller cancelled the call.")
        if self.remaining() <= 0:
            raise DeadlineExceededError("The deadline passed before the answer was ready; allow more time.")
