"""How a training run is bounded, continued and watched."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Protocol


class Tracker(Protocol):
    """Keeps figures by step: `train/loss`, `held_out/ndcg@10`, ... Names before the slash are groups."""

    def log(self, step: int, figures: Mapping[str, float]) -> None: ...


class NoTracker:
    """For library use and tests."""

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Keep nothing."""


@dataclass(frozen=True, slots=True)
class TrainingControl:
    """`checkpoints` is a folder for what a killed run needs to go on; None keeps none. With `resume`, a run
    goes on from the last one there; one is written every `checkpoint_seconds`, and at the end. `max_seconds`
    of wall time, counted from `started` (monotonic), stop cleanly with the best model so far. `progress` is
    told (done, total) steps.
    """

    checkpoints: Path | None = None
    resume: bool = False
    checkpoint_seconds: float = 60.0
    max_seconds: float = math.inf
    started: float = field(default_factory=monotonic)
    progress: Callable[[int, int], None] = lambda _done, _total: None
    tracker: Tracker = field(default_factory=NoTracker)

    @property
    def out_of_time(self) -> bool:
        return monotonic() - self.started >= self.max_seconds
