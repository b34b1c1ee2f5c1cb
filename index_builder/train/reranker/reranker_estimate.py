"""What training a reranker takes on this machine, measured on a few batches before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from engine.backends.device import choose_device
from engine.backends.model_files import ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.tokens import TextTokens
from engine.errors import ConfigError
from index_builder.train.control import TrainingControl
from index_builder.train.queries.query import TrainingQuery
from index_builder.train.reranker.cross_encoder import start_cross_encoder
from index_builder.train.reranker.distil import start_student
from index_builder.train.reranker.fitting import TrainingPlan, fit
from index_builder.train.reranker.pair_lists import PairList, lists_of_queries
from index_builder.train.reranker.pair_losses import Objective
from index_builder.train.reranker.pair_quality import logits_by_list
from index_builder.train.reranker.reranker_lists import check_labels, learnable, some_of
from index_builder.train.reranker.reranker_plan import RerankerPlan
from index_builder.train.resources import MIB, free_bytes, peak_bytes

_SAMPLE_PAIRS = 256
_LOOKS = 9
"""Times that held-out lists are read in each stage, the start included."""
_EXPORT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class RerankerEstimate:
    """`seconds` of wall time; `memory_mib`, the most of this process (of the GPU, where it trains there);
    `disk_mib` of the model and its checkpoints together. Pairs are counted once for each epoch.
    """

    seconds: float
    memory_mib: float
    disk_mib: float
    pairs: int
    unlabelled_pairs: int
    device: str


def estimate_reranker(
    plan: RerankerPlan,
    queries: Sequence[TrainingQuery],
    product_text: Callable[[int], str],
    *,
    base: Path,
    held_out: Sequence[TrainingQuery] = (),
    searches: bool = True,
    device: str = "auto",
) -> RerankerEstimate:
    """Train teacher and student for about 256 pairs each, and reckon from there.

    `searches`: whether unlabelled pairs will be there. Refuses what `train_reranker` refuses: raises
    ConfigError for too few or one-sided labels, and for a base model of the wrong kind.
    """
    check_labels(queries)
    chosen = learnable(queries, list_size=plan.list_size, max_pairs=plan.max_pairs, seed=plan.seed)
    counts = _Counts.of(plan, chosen, held_out, searches=searches)
    with TemporaryDirectory() as folder:
        teacher, spec = start_cross_encoder(
            base, Path(folder), base_model="", layers=plan.teacher_layers, max_tokens=plan.max_tokens
        )
        teacher.to(choose_device(device))
        tokens = TextTokens(Path(folder), spec)
        some = some_of(chosen, max_pairs=_SAMPLE_PAIRS, seed=plan.seed)
        lists = lists_of_queries(some, product_text, tokens)
    learns, reads = _speed(teacher, lists, spec, plan)
    seconds = counts.teacher * learns + (counts.looks + counts.graded + counts.unlabelled) * reads
    if 0 < plan.student_layers < teacher.depth:
        student = start_student(teacher, plan.student_layers)
        learns, reads = _speed(student, lists, spec, plan)
        seconds += counts.student * learns + counts.looks * reads
    return RerankerEstimate(
        round(seconds + _EXPORT_SECONDS, 1),
        round(peak_bytes(teacher.device) / MIB, 1),
        round(disk_mib(teacher), 1),
        counts.teacher + counts.student,
        counts.unlabelled,
        teacher.device.type,
    )


def disk_mib(teacher: PairModel) -> float:
    """Room for the models and all checkpoints of a training."""
    return _DISK_PER_WEIGHT * _bytes(teacher) / MIB


def require_disk(folder: Path, mib: float) -> None:
    """Raises ConfigError when the disk that holds `folder` has less room than `mib`."""
    free = free_bytes(folder) / MIB
    if free < mib:
        raise ConfigError(
            f"{folder} has room for {free:,.0f} MiB, and the training needs {mib:,.0f} MiB for the model and "
            "its checkpoints; make room, or choose another folder.",
            path=folder,
        )


_DISK_PER_WEIGHT = 8.0
"""Bytes of disk for each byte of the teacher's weights: for each of three stages the weights, the best ones
and two moments, embeddings left out (6 together), the models written, and one file more while it is replaced.
"""


@dataclass(frozen=True, slots=True)
class _Counts:
    """Pairs that each network learns from, and reads, over the whole training."""

    teacher: int
    student: int
    graded: int
    unlabelled: int
    looks: int

    @classmethod
    def of(
        cls,
        plan: RerankerPlan,
        chosen: Sequence[TrainingQuery],
        held_out: Sequence[TrainingQuery],
        *,
        searches: bool,
    ) -> _Counts:
        graded = sum(len(query.rows) for query in chosen)
        texts = min(plan.unlabelled_queries, len({query.text for query in chosen}))
        unlabelled = texts * plan.unlabelled_depth if searches and plan.student_layers else 0
        kept = min(plan.held_out_pairs, sum(len(query.rows) for query in held_out))
        return cls(
            graded * (plan.binary_epochs + plan.listwise_epochs),
            (graded + unlabelled) * plan.student_epochs if plan.student_layers else 0,
            graded,
            unlabelled,
            kept * _LOOKS * 2,
        )


def _speed(
    model: PairModel, lists: Sequence[PairList], spec: ModelSpec, plan: RerankerPlan
) -> tuple[float, float]:
    """Seconds that a pair takes to learn from and to read. The first batch warms up and does not count."""
    trial = TrainingPlan(batch_size=plan.batch_size, learning_rate=0.0, objective=Objective(), evaluations=1)
    fit(model, lists[:4], spec, trial, TrainingControl())
    pairs = sum(len(each) for each in lists)
    start = perf_counter()
    fit(model, lists, spec, trial, TrainingControl())
    middle = perf_counter()
    logits_by_list(model, lists, spec)
    return (middle - start) / pairs, (perf_counter() - middle) / pairs


def _bytes(model: PairModel) -> int:
    return sum(weight.numel() * weight.element_size() for weight in model.parameters())
