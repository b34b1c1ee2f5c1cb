"""How a cross-encoder learns: batches of whole queries, one loss or several, bounded and resumable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

import torch

from engine.backends.model_files import ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.tokens import padded
from index_builder.train.control import TrainingControl
from index_builder.train.reranker.fit_checkpoints import (
    SUFFIX,
    FitState,
    fingerprint_of,
    read_state,
    write_state,
)
from index_builder.train.reranker.pair_lists import PairList, batches_of
from index_builder.train.reranker.pair_losses import Objective, loss_of
from index_builder.train.reranker.pair_quality import Quality, logits_by_list, quality_of

_WARM_UP_SHARE = 0.1
_HEAD_SPEED = 20.0
"""The head starts from guesses, the body from knowledge."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """`layers` of the base model are kept (all, when it has fewer). A pass over the pairs is one epoch; at
    most `max_steps` batches of about `batch_size` pairs are learnt from. `learning_rate` rises over the first
    tenth of the steps and falls to 0 over the rest; the head's is `head_speed` times it. `max_tokens` cuts a
    pair, special tokens counted, in training and in service. Held-out lists are looked at `evaluations`
    times; after `patience` looks without a better one, training ends. `dropout` is off by default: where
    every pair is seen once, there is nothing to learn by heart.
    """

    layers: int = 3
    max_tokens: int = 48
    epochs: int = 1
    max_steps: int = 5_000
    batch_size: int = 32
    learning_rate: float = 1e-4
    head_speed: float = _HEAD_SPEED
    weight_decay: float = 0.01
    objective: Objective = field(default_factory=Objective)
    evaluations: int = 8
    patience: int = 4
    dropout: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """`losses`: one for each step made. `best` is of the step kept, where there were held-out lists;
    `out_of_time` says that the clock and not the plan ended it.
    """

    losses: tuple[float, ...]
    steps: int
    best: Quality | None
    best_step: int
    out_of_time: bool


def fit(
    model: PairModel,
    lists: Sequence[PairList],
    spec: ModelSpec,
    plan: TrainingPlan,
    control: TrainingControl,
    *,
    held_out: Sequence[PairList] = (),
    name: str = "fit",
) -> Fitted:
    """Change the model in place, on its device; at the end it has the weights that were best on `held_out`,
    the start included, or the last ones without it.

    The same lists, weights and plan give the same model, cut off and resumed or not (on one device with the
    same number of threads). `name` tells this fit's checkpoint from others in the same folder. Raises
    ConfigError for a checkpoint that cannot be read or written.
    """
    return _Fit(model, lists, spec, plan, control, held_out, name).run()


class _Fit:
    def __init__(
        self,
        model: PairModel,
        lists: Sequence[PairList],
        spec: ModelSpec,
        plan: TrainingPlan,
        control: TrainingControl,
        held_out: Sequence[PairList],
        name: str,
    ) -> None:
        self.model, self.lists, self.spec, self.plan, self.control = model, lists, spec, plan, control
        self.held_out, self.name = held_out, name
        batches = batches_of(lists, batch_size=plan.batch_size, epochs=plan.epochs, seed=plan.seed)
        self.batches = batches[: plan.max_steps]
        self.optimizer = _optimizer(model, plan)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: _speed(step, len(self.batches))
        )
        self.path = control.checkpoints / f"{name}{SUFFIX}" if control.checkpoints else None
        self.fingerprint = self._fingerprint() if self.path else ""
        self.losses: list[float] = []
        self.best: Mapping[str, torch.Tensor] = {}
        self.best_quality: Quality | None = None
        self.best_step = self.misses = 0
        self.saved = monotonic()

    def run(self) -> Fitted:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.plan.seed)
            finished = self._resume()
            if not finished:
                self._learn()
            out_of_time = not finished and self._unfinished()
            if not finished:
                self._save(finished=not out_of_time)
        if self.best:
            _set(self.model, self.best)
        self.model.eval()
        return Fitted(tuple(self.losses), len(self.losses), self.best_quality, self.best_step, out_of_time)

    def _learn(self) -> None:
        self.model.train(self.plan.dropout)
        if self.held_out and not self.best:
            self._evaluate()
        looks = _looks(len(self.batches), self.plan.evaluations)
        while self._unfinished() and not self.control.out_of_time:
            self._step()
            if self.held_out and len(self.losses) in looks:
                self._evaluate()
            if self.path and monotonic() - self.saved >= self.control.checkpoint_seconds:
                self._save(finished=False)
            self.control.progress(len(self.losses), len(self.batches))
        if self.held_out and len(self.losses) not in looks and self._unfinished():
            self._evaluate()

    def _unfinished(self) -> bool:
        return len(self.losses) < len(self.batches) and self.misses < self.plan.patience

    def _step(self) -> None:
        step = len(self.losses)
        batch = [self.lists[place] for place in self.batches[step]]
        inputs = padded([encoding for each in batch for encoding in each.encodings], self.spec)
        device = self.model.device
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            logits = self.model(**{key: torch.from_numpy(ids).to(device) for key, ids in inputs.items()})
        loss = loss_of(logits[:, 0].float(), batch, self.plan.objective)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.losses.append(loss.item())
        speed = float(self.schedule.get_last_lr()[0])
        self.control.tracker.log(
            step + 1,
            {f"{self.name}/loss": self.losses[-1], f"{self.name}/lr": speed},
        )

    def _evaluate(self) -> None:
        quality = quality_of(logits_by_list(self.model, self.held_out, self.spec), self.held_out)
        self.control.tracker.log(len(self.losses), quality.figures())
        if self.best_quality is None or quality.score > self.best_quality.score:
            self.best_quality, self.best_step, self.misses = quality, len(self.losses), 0
            self.best = {name: weight.cpu().clone() for name, weight in _trained(self.model).items()}
        else:
            self.misses += 1

    def _resume(self) -> bool:
        """Go on where a checkpoint stopped; whether that was the end."""
        state = read_state(self.path, self.fingerprint) if self.path and self.control.resume else None
        if state is None:
            return False
        _set(self.model, state.weights)
        self.optimizer.load_state_dict(state.optimizer)
        self.schedule.load_state_dict(state.schedule)
        torch.set_rng_state(state.random)
        self.losses, self.best, self.best_step = list(state.losses), state.best, state.best_step
        self.best_quality, self.misses = Quality(*state.best_quality) if state.best else None, state.misses
        return state.finished

    def _save(self, *, finished: bool) -> None:
        if self.path is None:
            return
        quality = self.best_quality or Quality(0, 0, 0)
        write_state(
            self.path,
            FitState(
                self.fingerprint,
                len(self.losses),
                _trained(self.model),
                self.optimizer.state_dict(),
                self.schedule.state_dict(),
                torch.get_rng_state(),
                self.losses,
                self.best,
                self.best_step,
                (quality.ndcg, quality.accuracy, quality.log_loss),
                self.misses,
                finished,
            ),
        )
        self.saved = monotonic()

    def _fingerprint(self) -> str:
        seen = (
            (
                [encoding.ids for encoding in each.encodings],
                None if each.grades is None else each.grades.tolist(),
                None if each.teacher is None else each.teacher.tolist(),
                each.weight,
            )
            for each in (*self.lists, *self.held_out)
        )
        return fingerprint_of(self.plan, *seen, tensors=_trained(self.model).values())


def _optimizer(model: PairModel, plan: TrainingPlan) -> torch.optim.Optimizer:
    """Embeddings stay as they are: the pairs know a few hundred words, the base model knows them all."""
    model.body.get_input_embeddings().requires_grad_(False)
    body = [weight for weight in model.body.parameters() if weight.requires_grad]
    head = list(model.head.parameters())
    speed = plan.learning_rate * plan.head_speed
    return torch.optim.AdamW(
        [
            {"params": body, "lr": plan.learning_rate, "weight_decay": plan.weight_decay},
            {"params": head, "lr": speed, "weight_decay": 0.0},
        ]
    )


def _trained(model: PairModel) -> dict[str, torch.Tensor]:
    return {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}


def _set(model: PairModel, weights: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, weight in _trained(model).items():
            weight.copy_(weights[name])


def _looks(steps: int, evaluations: int) -> frozenset[int]:
    """Steps after which held-out lists are looked at, the last among them, evenly spread."""
    return frozenset(round(steps * part / evaluations) for part in range(1, evaluations + 1)) - {0}


def _speed(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a line up, and a line down to 0."""
    warm_up = max(1.0, steps * _WARM_UP_SHARE)
    return min((step + 1) / warm_up, (steps - step) / max(1.0, steps - warm_up))
