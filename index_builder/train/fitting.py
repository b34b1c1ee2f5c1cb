"""How a cross-encoder learns: batches of whole queries, two losses, one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from tokenizers import Encoding
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

from engine.backends.model_files import ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.tokens import TextTokens, padded
from index_builder.train.query import TrainingPair

_WARM_UP_SHARE = 0.1
_HEAD_SPEED = 20.0
"""The head starts from guesses, the body from knowledge."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """`layers` of the base model are kept (all, when it has fewer). A pass over the pairs is one epoch; at
    most `max_steps` batches of about `batch_size` pairs are learnt from. `learning_rate` rises over the first
    tenth of the steps and falls to 0 over the rest. `max_tokens` cuts a pair, special tokens counted, in
    training and in service. `listwise` weighs the order of a query's products against their probabilities.
    """

    layers: int = 3
    max_tokens: int = 48
    epochs: int = 1
    max_steps: int = 5_000
    batch_size: int = 32
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    listwise: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """The pairs of one query."""

    encodings: list[Encoding]
    labels: list[float]

    @property
    def length(self) -> int:
        return max(len(encoding) for encoding in self.encodings)


def _groups(pairs: Sequence[TrainingPair], tokens: TextTokens) -> list[_Group]:
    encodings = iter(tokens.pairs([pair.query for pair in pairs], [pair.product_text for pair in pairs]))
    return [
        _Group([next(encodings) for _ in together], [pair.label for pair in together])
        for together in (list(group) for _, group in groupby(pairs, key=lambda pair: pair.query))
    ]


def _batches(groups: Sequence[_Group], plan: TrainingPlan) -> list[list[_Group]]:
    """Whole groups of similar length together, so that little is padded; the batches in random order."""
    chance = np.random.default_rng(plan.seed)
    batches: list[list[_Group]] = []
    for _ in range(plan.epochs):
        mixed = [groups[place] for place in chance.permutation(len(groups))]
        epoch: list[list[_Group]] = [[]]
        for group in sorted(mixed, key=lambda group: group.length):
            if sum(len(other.labels) for other in epoch[-1]) >= plan.batch_size:
                epoch.append([])
            epoch[-1].append(group)
        batches.extend(epoch[place] for place in chance.permutation(len(epoch)))
    return batches[: plan.max_steps]


def fit(
    model: PairModel,
    tokens: TextTokens,
    spec: ModelSpec,
    pairs: Sequence[TrainingPair],
    plan: TrainingPlan,
    progress: Callable[[int, int], None],
) -> list[float]:
    """Change the model; gives one loss for each step. `progress` is told (done, total) pairs.

    Dropout stays off: every pair is seen once, there is nothing to learn by heart.
    """
    batches = _batches(_groups(pairs, tokens), plan)
    total = sum(len(group.labels) for batch in batches for group in batch)
    optimizer = _optimizer(model, plan)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _speed(step, len(batches)))
    losses, done = [], 0
    model.eval()
    for batch in batches:
        inputs = padded([encoding for group in batch for encoding in group.encodings], spec)
        logits = model(**{name: torch.from_numpy(ids) for name, ids in inputs.items()})[:, 0]
        loss = _loss(logits, [group.labels for group in batch], plan.listwise)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        done += len(logits)
        progress(done, total)
    return losses


def _optimizer(model: PairModel, plan: TrainingPlan) -> torch.optim.Optimizer:
    """Embeddings stay as they are: the pairs know a few hundred words, the base model knows them all."""
    model.body.get_input_embeddings().requires_grad_(False)
    body = [weight for weight in model.body.parameters() if weight.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": body, "lr": plan.learning_rate, "weight_decay": plan.weight_decay},
            {
                "params": list(model.head.parameters()),
                "lr": plan.learning_rate * _HEAD_SPEED,
                "weight_decay": 0.0,
            },
        ]
    )


def _speed(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a line up, and a line down to 0."""
    warm_up = max(1.0, steps * _WARM_UP_SHARE)
    return min((step + 1) / warm_up, (steps - step) / max(1.0, steps - warm_up))


def _loss(logits: torch.Tensor, labels: Sequence[Sequence[float]], listwise: float) -> torch.Tensor:
    """Binary cross-entropy, plus ListNet's (Cao et al., ICML 2007) over each query's products."""
    flat = torch.tensor([label for group in labels for label in group])
    loss = binary_cross_entropy_with_logits(logits, flat)
    rankings, start = [], 0
    for wanted in labels:
        scores = logits[start : start + len(wanted)]
        start += len(wanted)
        if 0 < sum(wanted) < len(wanted):
            target = torch.tensor(wanted) / sum(wanted)
            rankings.append(-(target * log_softmax(scores, dim=0)).sum())
    return loss + listwise * torch.stack(rankings).mean() if rankings else loss
