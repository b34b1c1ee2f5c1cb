"""Makes a shop's reranker: a teacher on graded lists, a student on the teacher's scores, a true probability.

Teacher and student are cross-encoders (engine/backends/pair_model.py). Small ones lose little when they learn
a large one's scores rather than the labels alone (Hofstaetter et al., 2020), and a search can afford them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Protocol

import numpy as np

from engine.backends.device import choose_device
from engine.backends.model_files import TOKENIZER, ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.tokens import TextTokens
from engine.types import FloatArray, RowArray
from index_builder.train.control import Tracker, TrainingControl
from index_builder.train.queries.query import ANSWERS_FROM, TrainingQuery
from index_builder.train.reranker.calibration import Calibration, calibrate
from index_builder.train.reranker.cross_encoder import export_cross_encoder, start_cross_encoder
from index_builder.train.reranker.distil import found_by_search, start_student, taught, with_teacher
from index_builder.train.reranker.fit_checkpoints import SUFFIX, fingerprint_of
from index_builder.train.reranker.fitting import fit
from index_builder.train.reranker.pair_lists import (
    Found,
    PairList,
    batches_of,
    lists_of_found,
    lists_of_queries,
)
from index_builder.train.reranker.pair_quality import Quality, logits_by_list, quality_of
from index_builder.train.reranker.reranker_estimate import disk_mib, require_disk
from index_builder.train.reranker.reranker_lists import check_labels, learnable, some_of
from index_builder.train.reranker.reranker_parity import Parity, check_parity
from index_builder.train.reranker.reranker_plan import RerankerPlan, RerankerReport, StageReport
from index_builder.train.run_claim import claim

Text = Callable[[int], str]
_PARITY_PAIRS = 500
_SHARES = {"binary": 0.4, "listwise": 0.6, "scores": 0.7, "student": 0.92}
"""Of the time there is, what has passed at most at the end of each stage; the rest is for the export."""


class Training(Protocol):
    """What the recipe reads of a training set (train/queries/pairs.py)."""

    @property
    def train(self) -> Sequence[TrainingQuery]: ...

    @property
    def held_out(self) -> Sequence[TrainingQuery]: ...


def train_reranker(
    training: Training,
    product_text: Text,
    *,
    base: Path,
    out: Path,
    base_model: str,
    candidates: Callable[[str], RowArray] | None = None,
    plan: RerankerPlan | None = None,
    control: TrainingControl | None = None,
    device: str = "auto",
    teacher_out: Path | None = None,
) -> RerankerReport:
    """Train, and write the model folder `out` (engine/backends/model_files.py), ready to serve.

    `product_text` gives the text of a row, `candidates` the rows that a search finds for a query, best first.
    `base` is the folder of an encoder and `base_model` its name. With `teacher_out` the teacher is written
    there, too. Raises ConfigError before any training for too few or one-sided labels, a base model of the
    wrong kind and a full disk, and at the end when the int8 form differs too much from the trained one.
    """
    plan, control = plan or RerankerPlan(), control or TrainingControl()
    check_labels(training.train)
    model, spec = start_cross_encoder(
        base, out, base_model=base_model, layers=plan.teacher_layers, max_tokens=plan.max_tokens
    )
    model.to(choose_device(device))
    require_disk(control.checkpoints or out, disk_mib(model))
    lessons = _Lessons.read(training, product_text, candidates, plan, TextTokens(out, spec))
    if control.checkpoints:
        claim(
            control.checkpoints,
            lessons.fingerprint(plan, model),
            resume=control.resume,
            keeps=(f"*{SUFFIX}",),
        )
    return _Recipe(plan, control, lessons, spec, out, teacher_out).run(model)


@dataclass(frozen=True, slots=True)
class _Lessons:
    """The token lists of all stages."""

    graded: Sequence[PairList]
    found: Sequence[PairList]
    held_out: Sequence[PairList]
    queries: int

    @classmethod
    def read(
        cls,
        training: Training,
        product_text: Text,
        candidates: Callable[[str], RowArray] | None,
        plan: RerankerPlan,
        tokens: TextTokens,
    ) -> _Lessons:
        chosen = learnable(training.train, list_size=plan.list_size, max_pairs=plan.max_pairs, seed=plan.seed)
        found: Sequence[Found] = ()
        if candidates is not None and plan.student_layers:
            found = found_by_search(
                training.train,
                candidates,
                count=plan.unlabelled_queries,
                depth=plan.unlabelled_depth,
                seed=plan.seed,
            )
        held_out = some_of(training.held_out, max_pairs=plan.held_out_pairs, seed=plan.seed)
        return cls(
            lists_of_queries(chosen, product_text, tokens),
            lists_of_found(found, product_text, tokens),
            lists_of_queries(held_out, product_text, tokens),
            len({query.text for query in chosen}),
        )

    def fingerprint(self, plan: RerankerPlan, model: PairModel) -> str:
        """Of all that decides the result."""
        lists = [
            [encoding.ids for encoding in each.encodings]
            for part in (self.graded, self.found, self.held_out)
            for each in part
        ]
        grades = [
            None if each.grades is None else each.grades.tolist() for each in (*self.graded, *self.held_out)
        ]
        weights = [each.weight for each in (*self.graded, *self.held_out)]
        return fingerprint_of(plan, lists, grades, weights, tensors=model.parameters())


@dataclass(slots=True)
class _Recipe:
    plan: RerankerPlan
    control: TrainingControl
    lessons: _Lessons
    spec: ModelSpec
    out: Path
    teacher_out: Path | None
    stages: list[StageReport] = field(default_factory=list)
    done: int = 0

    def run(self, teacher: PairModel) -> RerankerReport:
        lessons = self.lessons
        for name in ("binary", "listwise"):
            self._fit(teacher, name, lessons.graded)
        of_teacher = self._quality(teacher)
        model, of_student, unlabelled = teacher, None, 0
        if 0 < self.plan.student_layers < teacher.depth:
            graded = with_teacher(lessons.graded, self._taught(teacher, lessons.graded))
            scores = self._taught(teacher, lessons.found)
            found = with_teacher(lessons.found, scores)
            unlabelled = sum(len(each) for each in found)
            model = start_student(teacher, self.plan.student_layers)
            self._fit(model, "student", [*graded, *found])
            of_student = self._quality(model)
            if self.teacher_out is not None:
                self._export(teacher, self.teacher_out)
        calibration, parity, fingerprint = self._export(model, self.out)
        return RerankerReport(
            base_model=self.spec.base_model,
            layers=model.depth,
            queries=lessons.queries,
            pairs=sum(len(each) for each in lessons.graded),
            unlabelled_pairs=unlabelled,
            held_out_queries=len(lessons.held_out),
            stages=tuple(self.stages),
            teacher=of_teacher,
            student=of_student,
            calibration=calibration,
            parity=parity,
            fingerprint=fingerprint,
            seconds=round(monotonic() - self.control.started, 1),
        )

    def _fit(self, model: PairModel, name: str, lists: Sequence[PairList]) -> None:
        fitted = fit(
            model,
            lists,
            self.spec,
            self.plan.stage(name),
            self._stage_control(name),
            held_out=self.lessons.held_out,
            name=name,
        )
        self.done += self._steps(name)
        self.stages.append(StageReport.of(name, fitted))

    def _stage_control(self, name: str) -> TrainingControl:
        """The whole run's control, seen from one stage: its share of the time, its place among the steps."""
        before, total = self.done, sum(self._steps(each) for each in self._names())
        return replace(
            self.control,
            max_seconds=self.control.max_seconds * _SHARES[name],
            progress=lambda done, _total: self.control.progress(before + done, total),
            tracker=_Later(self.control.tracker, before),
        )

    def _names(self) -> tuple[str, ...]:
        return ("binary", "listwise", "student") if self.plan.student_layers else ("binary", "listwise")

    def _steps(self, name: str) -> int:
        lists = [*self.lessons.graded, *self.lessons.found] if name == "student" else self.lessons.graded
        plan = self.plan.stage(name)
        return len(batches_of(lists, batch_size=plan.batch_size, epochs=plan.epochs, seed=plan.seed))

    def _taught(self, teacher: PairModel, lists: Sequence[PairList]) -> list[FloatArray]:
        late = replace(self.control, max_seconds=self.control.max_seconds * _SHARES["scores"])
        return taught(teacher, lists, self.spec, stop=lambda: late.out_of_time)

    def _quality(self, model: PairModel) -> Quality | None:
        if not self.lessons.held_out:
            return None
        return quality_of(logits_by_list(model, self.lessons.held_out, self.spec), self.lessons.held_out)

    def _export(self, model: PairModel, out: Path) -> tuple[Calibration, Parity, str]:
        held_out = self.lessons.held_out
        calibration = calibrated(model, held_out, self.spec)
        model.to("cpu")
        if out != self.out:
            out.mkdir(parents=True, exist_ok=True)
            (out / TOKENIZER).write_bytes((self.out / TOKENIZER).read_bytes())
        spec = export_cross_encoder(model, self.spec, out)
        lists = _first(held_out or self.lessons.graded, _PARITY_PAIRS)
        parity = check_parity(out, lists, logits_by_list(model, lists, self.spec))
        return calibration, parity, spec.fingerprint


def calibrated(model: PairModel, held_out: Sequence[PairList], spec: ModelSpec) -> Calibration:
    """Fold into the model what makes its scores probabilities on `held_out`; unchanged without lists."""
    logits = logits_by_list(model, held_out, spec)
    empty = [np.zeros(0, np.float32)]
    grades = [each.grades for each in held_out if each.grades is not None]
    found = calibrate(
        np.concatenate(logits or empty),
        np.concatenate(grades or empty) >= ANSWERS_FROM,
        [number for number, each in enumerate(held_out) for _ in range(len(each))],
        np.array([each.weight for each in held_out for _ in range(len(each))], np.float32),
    )
    if found.changes:
        model.calibrate(found.scale, found.shift)
    return found


def _first(lists: Sequence[PairList], pairs: int) -> list[PairList]:
    kept: list[PairList] = []
    for each in lists:
        if sum(len(other) for other in kept) >= pairs:
            break
        kept.append(each)
    return kept


@dataclass(frozen=True, slots=True)
class _Later:
    """A tracker whose steps go on where the stage before stopped."""

    tracker: Tracker
    before: int

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self.tracker.log(self.before + step, figures)
