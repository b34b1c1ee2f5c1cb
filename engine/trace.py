"""What one search did: how long each stage took, and what was left out for want of time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from engine.deadline import Deadline
from engine.request import DegradedStage, Stage, StageTiming


class Trace:
    """Of one search, in one thread."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._seconds: dict[Stage, float] = {}
        self._degraded: list[DegradedStage] = []

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Time a stage. Raises before it starts when the caller's time is up or the caller is gone."""
        self.deadline.check()
        start = perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + perf_counter() - start

    def degrade(self, stage: Stage, detail: str) -> None:
        self._degraded.append(DegradedStage(stage, detail))

    @property
    def timings(self) -> tuple[StageTiming, ...]:
        return tuple(StageTiming(stage, self._seconds[stage]) for stage in Stage if stage in self._seconds)

    @property
    def degraded(self) -> tuple[DegradedStage, ...]:
        return tuple(self._degraded)


class CostEstimate:
    """Seconds that one unit of work takes, as an exponentially weighted mean of what was seen.

    Starts at a pessimistic guess. Writes from several threads may lose one observation: harmless here.
    """

    def __init__(self, initial: float, *, weight: float = 0.2) -> None:
        self.seconds = initial
        self._weight = weight

    def observe(self, seconds: float, units: int) -> None:
        if units > 0:
            self.seconds += self._weight * (seconds / units - self.seconds)
