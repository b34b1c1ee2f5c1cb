"""How a reranker is made, in a dozen numbers, and what a training of it tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import ConfigError
from index_builder.train.reranker.calibration import Calibration
from index_builder.train.reranker.fitting import Fitted, TrainingPlan
from index_builder.train.reranker.pair_losses import Objective
from index_builder.train.reranker.pair_quality import Quality
from index_builder.train.reranker.reranker_parity import Parity


class Listwise(StrEnum):
    """The loss of the second stage (train/reranker/pair_losses.py)."""

    LISTNET = "listnet"
    LAMBDA = "lambda"


@dataclass(frozen=True, slots=True)
class RerankerPlan:
    """`teacher_layers` of the base model learn first each pair's probability, then each list's order; a
    student with `student_layers` of them learns the teacher's scores (0: the teacher serves itself).

    Pairs are cut at `max_tokens`. Lists have at most `list_size` products, and an epoch at most `max_pairs`
    pairs; epochs and learning rates are by stage. The student also learns from what a search finds for
    `unlabelled_queries` of the training queries, `unlabelled_depth` products each. At most `held_out_pairs`
    say which step was best and calibrate the scores. The same plan and input give the same model.
    """

    teacher_layers: int = 6
    student_layers: int = 2
    max_tokens: int = 48
    list_size: int = 16
    max_pairs: int = 20_000
    batch_size: int = 32
    binary_epochs: int = 1
    listwise_epochs: int = 1
    student_epochs: int = 2
    learning_rate: float = 1e-4
    listwise_rate: float = 1e-4
    student_rate: float = 2e-4
    listwise: Listwise = Listwise.LAMBDA
    unlabelled_queries: int = 1_000
    unlabelled_depth: int = 20
    held_out_pairs: int = 2_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        if self.teacher_layers < 1 or not 0 <= self.student_layers <= self.teacher_layers:
            raise ConfigError(
                "A reranker's teacher has at least one layer and its student at most as many; "
                f"{self.teacher_layers} and {self.student_layers} were asked for."
            )
        if self.max_tokens < 8 or self.list_size < 2:
            raise ConfigError("A reranker reads at least 8 tokens of a pair and 2 products of a list.")

    def stage(self, name: str) -> TrainingPlan:
        """Of `binary`, `listwise` or `student`."""
        epochs, rate, objective = {
            "binary": (self.binary_epochs, self.learning_rate, Objective(binary=1.0, listnet=0.0)),
            "listwise": (self.listwise_epochs, self.listwise_rate, self._ordering()),
            "student": (self.student_epochs, self.student_rate, DISTILLED),
        }[name]
        return TrainingPlan(
            layers=self.teacher_layers,
            max_tokens=self.max_tokens,
            epochs=epochs,
            max_steps=_NO_LIMIT,
            batch_size=self.batch_size,
            learning_rate=rate,
            objective=objective,
            seed=self.seed,
        )

    def _ordering(self) -> Objective:
        if self.listwise is Listwise.LAMBDA:
            return Objective(binary=_STAY, listnet=0.0, lambda_rank=1.0)
        return Objective(binary=_STAY, listnet=1.0)


DISTILLED = Objective(binary=0.5, listnet=0.5, margin=0.1, logit=0.1)
_STAY = 0.5
"""So much binary cross-entropy stays in the second stage: the order alone would let probabilities drift."""
_NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True)
class StageReport:
    """`first_loss` and `last_loss` are means over the first and the last tenth of the steps. `best_step` is
    the step whose weights were kept; 0 is the start.
    """

    name: str
    steps: int
    first_loss: float
    last_loss: float
    best_step: int
    out_of_time: bool

    @classmethod
    def of(cls, name: str, fitted: Fitted) -> StageReport:
        tenth = max(1, fitted.steps // 10)
        first, last = fitted.losses[:tenth], fitted.losses[-tenth:]
        means = [sum(part) / len(part) if part else 0.0 for part in (first, last)]
        return cls(name, fitted.steps, means[0], means[1], fitted.best_step, fitted.out_of_time)


@dataclass(frozen=True, slots=True)
class RerankerReport:
    """`layers` of the model written. `teacher` and `student` are measured on held-out queries, None without.
    `out_of_time`: the clock ended a stage before its plan did.
    """

    base_model: str
    layers: int
    queries: int
    pairs: int
    unlabelled_pairs: int
    held_out_queries: int
    stages: tuple[StageReport, ...]
    teacher: Quality | None
    student: Quality | None
    calibration: Calibration
    parity: Parity
    fingerprint: str
    seconds: float

    @property
    def out_of_time(self) -> bool:
        return any(stage.out_of_time for stage in self.stages)
