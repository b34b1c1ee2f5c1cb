"""What happens around the steps of an encoder's training: rounds, held-out queries, time, progress,
figures.
"""

# ruff: noqa: ARG002  # the trainer calls its callbacks with these names, needed or not
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from index_builder.train.control import TrainingControl
from index_builder.train.encoder.adapters import trainable
from index_builder.train.encoder.best_weights import BestWeights
from index_builder.train.encoder.encoder_plan import EncoderPlan

_LOGGED = {"loss": "train/loss", "grad_norm": "train/gradient", "learning_rate": "train/learning_rate"}
DONE, PATIENCE, TIME = "done", "patience", "time"


class TrainingWatch(TrainerCallback):
    """`measure` searches the held-out queries, `begin_round` brings the examples of a round (from 0).

    A step that ends training, for whatever reason, is measured and checkpointed like every
    `plan.evaluate_every`-th one. `ended` says why training stopped.
    """

    def __init__(
        self,
        plan: EncoderPlan,
        control: TrainingControl,
        best: BestWeights,
        measure: Callable[[], dict[str, float]],
        begin_round: Callable[[int], None],
        *,
        checkpoints: bool,
    ) -> None:
        self._plan = plan
        self._watched = control
        self._best = best
        self._measure = measure
        self._begin_round = begin_round
        self._checkpoints = checkpoints
        self.ended = DONE

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The base model takes part in the contest."""
        if not self._best.evaluations:
            self._evaluate(state, kwargs["model"])

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._begin_round(state.global_step // self._plan.steps)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        step, total = state.global_step, self._plan.total_steps
        self._watched.progress(step, total)
        late = self._watched.out_of_time and step < total
        if late or step == total or step % self._plan.evaluate_every == 0:
            self._evaluate(state, kwargs["model"])
            control.should_save = self._checkpoints
            control.should_log = True
        if late or (self._best.waited >= self._plan.patience and step < total):
            control.should_training_stop = True
            self.ended = TIME if late else PATIENCE

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            self._best.tidy()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        figures = {name: float(logs[key]) for key, name in _LOGGED.items() if logs and key in logs}
        if figures and state.is_world_process_zero:
            self._watched.tracker.log(state.global_step, figures)

    def _evaluate(self, state: TrainerState, model: Any) -> None:
        figures = self._measure()
        self._best.add(state.global_step, figures, trainable(model), write=state.is_world_process_zero)
        if state.is_world_process_zero:
            named = {f"held_out/{name}": value for name, value in figures.items()}
            self._watched.tracker.log(state.global_step, named)
