"""What decides how a dual encoder is trained, and what a training run tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from index_builder.train.parity import EncoderParity


class Precision(StrEnum):
    """AUTO is half precision on CUDA and on CPUs that compute bfloat16 natively, full precision elsewhere."""

    AUTO = "auto"
    FULL = "full"
    HALF = "half"


class Adversary(StrEnum):
    """Which weights are disturbed for a second pass; see adversary.py."""

    NONE = "none"
    FGM = "fgm"
    AWP = "awp"


@dataclass(frozen=True, slots=True)
class LoraPlan:
    """Low-rank updates W + (scale / rank) * B A in the place of the weights (Hu et al., ICLR 2022)."""

    rank: int = 16
    scale: int = 32
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ConfigError(f"The rank of LoRA is {self.rank}; it has to be at least 1.", rank=self.rank)


@dataclass(frozen=True, slots=True)
class LossPlan:
    """`scale` multiplies cosines before a softmax (1 / temperature). `graded` weighs the order of a query's
    own products by their grades, `distillation` the teacher's margins, both against the contrastive term, 0
    leaves a term out. `teacher_span` is the cosine margin of a pair whose teacher scores are 1 and 0.
    """

    scale: float = 20.0
    graded: float = 0.5
    distillation: float = 0.0
    teacher_span: float = 0.5


@dataclass(frozen=True, slots=True)
class EncoderPlan:
    """`rounds` times `steps` batches of `batch_size` queries are learnt from (on each device, where several
    train together); before each round the hard negatives are mined again. Each query stands beside one
    positive and `negatives` negatives of its own, and the products of all other queries of its batch.

    Batches above `mini_batch_size` run twice through the model (GradCache, Gao et al. 2021), so that only
    that many texts are in memory at once. Texts are cut at `train_tokens` in training and at `max_tokens`
    in service. `dimensions` are those that an embedding may be cut to (Matryoshka, Kusupati et al., NeurIPS
    2022), beside the model's own. Prompts default to those that the base model was published with.

    `learning_rate` rises over the first `warm_up` (a share) of all steps and falls to 0 over the rest.
    `frozen_layers` are the lowest ones that stay as they are, for speed. Every `evaluate_every` steps the
    held-out queries are searched; after `patience` times without a gain training stops.
    """

    rounds: int = 2
    steps: int = 150
    batch_size: int = 64
    mini_batch_size: int = 64
    negatives: int = 1
    train_tokens: int = 48
    max_tokens: int = 128
    learning_rate: float = 3e-5
    weight_decay: float = 0.01
    warm_up: float = 0.1
    max_gradient: float = 1.0
    dropout: bool = False
    train_words: bool = False
    frozen_layers: int = 0
    dimensions: tuple[int, ...] = (256, 128, 64)
    loss: LossPlan = field(default_factory=LossPlan)
    lora: LoraPlan | None = None
    adversary: Adversary = Adversary.NONE
    adversary_strength: float = 0.3
    precision: Precision = Precision.AUTO
    evaluate_every: int = 50
    patience: int = 4
    held_out_products: int = 3_000
    query_prompt: str | None = None
    product_prompt: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rounds", "steps", "mini_batch_size", "negatives", "evaluate_every", "patience"):
            if (value := getattr(self, name)) < 1:
                raise ConfigError(f"{name} is {value}; it has to be at least 1.", setting=name)
        if self.batch_size < 2:
            raise ConfigError(
                f"batch_size is {self.batch_size}; queries learn from each other's products, so it has to be "
                "at least 2.",
                setting="batch_size",
            )

    @property
    def total_steps(self) -> int:
        return self.rounds * self.steps

    @property
    def is_cached(self) -> bool:
        return self.batch_size > self.mini_batch_size


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of the held-out queries after so many steps, by name; each in [0, 1], higher is better."""

    step: int
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class EncoderReport:
    """`best_step` 0 means that no training beat the base model, which was then exported as it is.
    `queries` could be learnt from, `left_out` had no answer. `first_loss` and `last_loss` are means over
    the first and the last steps, ten at most. `ended` says why training stopped: done, patience, or time.
    What was exported is `share` of the way from the base model to the best weights (see blending.py),
    `exported` says how held-out queries fare with it, and `parity` how true its int8 form is to it.
    """

    queries: int
    left_out: int
    steps: int
    examples: int
    best_step: int
    evaluations: tuple[Evaluation, ...]
    first_loss: float
    last_loss: float
    ended: str
    seconds: float
    share: float = 0.0
    exported: Mapping[str, float] = field(default_factory=dict)
    parity: EncoderParity | None = None

    @property
    def before(self) -> Mapping[str, float]:
        return self.evaluations[0].figures

    @property
    def best(self) -> Mapping[str, float]:
        return next(each.figures for each in self.evaluations if each.step == self.best_step)


@dataclass(frozen=True, slots=True)
class EncoderEstimate:
    """What training would take: wall time without mining, the process's largest memory, checkpoints on
    disk.
    """

    seconds: float
    seconds_a_step: float
    seconds_an_evaluation: float
    memory_mib: int
    disk_mib: int
