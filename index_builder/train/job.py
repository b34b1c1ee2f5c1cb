"""What `train encoder` and `train reranker` have in common: see commands/train.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from index_builder.train.cards.model_card import CardKind, CardSource
from index_builder.train.control import TrainingControl
from index_builder.train.lessons import Lessons

IN_INT8 = "int8 beside float32"
"""Among the figures: how true what serves is to what was trained."""


@dataclass(frozen=True, slots=True)
class Trained:
    """`report` is all there is to tell, for JSON; `figures` are those of held-out queries, by the model that
    was measured and by metric; `outcome` says in a few words how it ended.
    """

    report: Mapping[str, Any]
    figures: Mapping[str, Mapping[str, float]]
    outcome: str


class Job(Protocol):
    """Made from settings, it refuses what can be refused without the catalogue. `draws` is how many queries
    are composed; `base` the folder of the model to start from.
    """

    kind: CardKind
    base: Path

    @property
    def draws(self) -> int: ...

    @property
    def taught_by(self) -> tuple[CardSource, ...]: ...

    def estimate(self, lessons: Lessons) -> Mapping[str, Any]: ...

    def train(self, lessons: Lessons, control: TrainingControl) -> Trained: ...
