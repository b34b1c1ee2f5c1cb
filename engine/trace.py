"""What one search did: how long each stage took, and what was left out for want of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from types import MappingProxyType
from typing import TypeAlias

from engine.deadline import Deadline
from engine.request import DegradedStage, Stage, StageTiming

StageSpan: TypeAlias = tuple[Stage, float, float]
"""A stage, and when it began and ended, by perf_counter."""

_QUANTILE = 0.9
_SENDING = 0.002
"""Seconds for what comes after a search: its answer is written and sent, and the caller reads it."""


class Trace:
    """Of one search, in one thread. `candidates` are how many each source gave, once they have."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.spans: list[StageSpan] = []
        self.candidates: Mapping[str, int] = MappingProxyType({})
        self._degraded: list[DegradedStage] = []
        kept = TRACES.get()
        if kept is not None:
            kept.append(self)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Time a stage. Raises before it starts when the caller's time is up or the caller is gone."""
        self.deadline.check()
        start = perf_counter()
        try:
            yield
        finally:
            self.spans.append((stage, start, perf_counter()))

    def degrade(self, stage: Stage, detail: str) -> None:
        self._degraded.append(DegradedStage(stage, detail))

    def seconds(self, stage: Stage) -> float:
        """That were spent in a stage so far."""
        return sum(end - start for each, start, end in self.spans if each is stage)

    @property
    def timings(self) -> tuple[StageTiming, ...]:
        seconds: dict[Stage, float] = {}
        for stage, start, end in self.spans:
            seconds[stage] = seconds.get(stage, 0.0) + end - start
        return tuple(StageTiming(stage, seconds[stage]) for stage in Stage if stage in seconds)

    @property
    def degraded(self) -> tuple[DegradedStage, ...]:
        return tuple(self._degraded)


TRACES: ContextVar[list[Trace] | None] = ContextVar("TRACES", default=None)
"""Where searches leave their traces when they begin, for those who look at how they went; None where nobody
does.
"""


class CostEstimate:
    """Seconds that one unit of work takes at most, nine times of ten: a quantile of the last observations, so
    that what is planned by it fits at the load that there is.

    Starts at a pessimistic guess. Writes from several threads may lose an observation: harmless here.
    """

    def __init__(self, initial: float, *, remembers: int = 32) -> None:
        """With `remembers` 0 the guess stays."""
        self.seconds = initial
        self._last: deque[float] = deque([initial] * min(remembers, 1), maxlen=remembers)

    def observe(self, seconds: float, units: int) -> None:
        if units > 0 and self._last.maxlen:
            self._last.append(seconds / units)
            in_order = sorted(self._last)
            self.seconds = in_order[int(_QUANTILE * (len(in_order) - 1))]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a search costs at the load that there is: embedding its text, each pair that the cross-encoder
    reads, all the rest, and that part of the rest that comes after reranking.
    """

    encode: CostEstimate = field(default_factory=lambda: CostEstimate(0.004))
    pair: CostEstimate = field(default_factory=lambda: CostEstimate(0.003))
    rest: CostEstimate = field(default_factory=lambda: CostEstimate(0.005))
    finish: CostEstimate = field(default_factory=lambda: CostEstimate(0.001))

    def encoding_fits(self, deadline: Deadline) -> bool:
        return self.encode.seconds + self.rest.seconds + _SENDING <= deadline.remaining()

    def pairs_that_fit(self, deadline: Deadline) -> float:
        """May be infinite, or negative."""
        return (deadline.remaining() - self.finish.seconds - _SENDING) / self.pair.seconds

    def learn(self, trace: Trace, *, started: float, settled: float) -> None:
        """From a search that has just ended: it `started`, and had its order, at these perf_counter times."""
        ended = perf_counter()
        models = trace.seconds(Stage.ENCODE) + trace.seconds(Stage.RERANK)
        self.rest.observe(ended - started - models, 1)
        self.finish.observe(ended - settled, 1)
