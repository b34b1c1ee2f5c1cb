"""How often a key may call: a token bucket for each second, a count for each day (UTC)."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.errors import QuotaError, RateLimitError
from engine.security.caller import Caller, Limits
from engine.security.usage import Usage

_DAY = 86_400
_ROUNDING = 1e-3
"""Of a call: who waited for as long as we said must not find a millionth missing."""


class Limiter:
    """Counts live in `usage` and outlast a reload of the keys; callers without limits are not counted."""

    def __init__(self, usage: Usage, now: Callable[[], float] = time.time) -> None:
        self._usage, self._now = usage, now

    def spend(self, caller: Caller) -> None:
        """One call. Raises RateLimitError or QuotaError, and then nothing was spent."""
        limits = caller.limits
        if not limits:
            return
        with self._usage:
            left, now, day, used = self._state(caller.key_id, limits)
            used_up = limits.calls_per_day and used >= limits.calls_per_day
            too_fast = limits.calls_per_second and left < 1 - _ROUNDING
            spent = 0 if used_up or too_fast else 1
            # The time of a refused call is kept as well: else a clock that was set back would lock out a key
            # whose bucket is empty, until it has caught up.
            self._usage.write(caller.key_id, left - spent, now, day, used + spent)
        if used_up:
            raise QuotaError(limits.calls_per_day, retry_after=(day + 1) * _DAY - now)
        if too_fast:
            raise RateLimitError(limits.calls_per_second, retry_after=(1 - left) / limits.calls_per_second)

    def charge(self, caller: Caller, calls: int) -> None:
        """What a call turned out to be worth beside itself, as a batch is. It is owed, not refused: the next
        calls wait until it is made up for.
        """
        if not caller.limits or not calls:
            return
        with self._usage:
            left, now, day, used = self._state(caller.key_id, caller.limits)
            self._usage.write(caller.key_id, left - calls, now, day, used + calls)

    def _state(self, key_id: str, limits: Limits) -> tuple[float, float, int, int]:
        """Calls left in the bucket, now, today, and the calls of today."""
        now = self._now()
        today, full = int(now // _DAY), max(1.0, limits.calls_per_second)
        known = self._usage.read(key_id)
        if known is None:
            return full, now, today, 0
        left, at, day, used = known
        left += (
            max(0.0, now - at) * limits.calls_per_second
        )  # a clock set back gives nothing, and takes nothing
        return min(left, full), now, today, used if day >= today else 0  # no new quota for yesterday
