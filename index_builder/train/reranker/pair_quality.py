"""How good a cross-encoder is on lists it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Encoding

from engine.backends.model_files import ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.tokens import batches
from engine.types import FloatArray
from index_builder.train.queries.query import ANSWERS_FROM
from index_builder.train.reranker.pair_lists import PairList

_TOKEN_BUDGET = {"cpu": 2_048, "cuda": 32_768}
_CUT = 10


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over lists, weighted: `ndcg` at 10 with linear gain, over lists that have an order; `accuracy`,
    the share of pairs on the right side of 1/2; `log_loss`, in nats, of the grades.
    """

    ndcg: float
    accuracy: float
    log_loss: float

    @property
    def score(self) -> float:
        """By which the best step is chosen, higher is better. nDCG alone, of a few lists, is a matter of luck
        (a network that knows nothing yet can win by it); the log loss moves with every pair.
        """
        return self.ndcg - self.log_loss

    def figures(self) -> dict[str, float]:
        """As trackers want them."""
        return {
            "held_out/ndcg@10": self.ndcg,
            "held_out/accuracy": self.accuracy,
            "held_out/log_loss": self.log_loss,
        }


def logits_of(model: PairModel, encodings: Sequence[Encoding], spec: ModelSpec) -> FloatArray:
    """Float32 (n,), in the order of `encodings`; the model is left as it was."""
    device = model.device
    result = np.empty(len(encodings), np.float32)
    training = model.training
    model.eval()
    with torch.no_grad():
        for batch in batches(encodings, spec, token_budget=_TOKEN_BUDGET.get(device.type, 2_048)):
            inputs = {name: torch.from_numpy(ids).to(device) for name, ids in batch.inputs.items()}
            result[batch.places] = model(**inputs)[:, 0].float().cpu().numpy()
    model.train(training)
    return result


def logits_by_list(model: PairModel, lists: Sequence[PairList], spec: ModelSpec) -> list[FloatArray]:
    """One float32 (n,) for each list."""
    flat = logits_of(model, [encoding for each in lists for encoding in each.encodings], spec)
    return np.split(flat, np.cumsum([len(each) for each in lists])[:-1]) if lists else []


def quality_of(logits: Sequence[FloatArray], lists: Sequence[PairList]) -> Quality:
    """Of graded lists, at least one. nDCG is 1 when no list has an order."""
    ndcgs, right, losses, orders, weights = [], [], [], [], []
    for scores, each in zip(logits, lists, strict=True):
        grades = np.zeros(0, np.float32) if each.grades is None else each.grades
        if not len(grades):
            continue
        weights.append(each.weight)
        right.append(float(np.mean((scores >= 0) == (grades >= ANSWERS_FROM))))
        losses.append(float(np.mean(np.logaddexp(0, scores) - grades * scores)))
        if grades.max() > grades.min():
            ndcgs.append(ndcg(scores, grades))
            orders.append(each.weight)
    return Quality(
        float(np.average(ndcgs, weights=orders)) if ndcgs else 1.0,
        float(np.average(right, weights=weights)),
        float(np.average(losses, weights=weights)),
    )


def ndcg(scores: FloatArray, grades: FloatArray, cut: int = _CUT) -> float:
    """Linear gain. Of equal scores the lower grade comes first: who does not decide gains nothing by it."""
    order = np.lexsort((grades, -scores))[:cut]
    best = np.sort(grades)[::-1][:cut]
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    return float(grades[order] @ discounts[: len(order)] / (best @ discounts[: len(best)]))
