"""What a cross-encoder is punished for: wrong probabilities, a wrong order, differing from its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, logsigmoid

from index_builder.train.reranker.pair_lists import PairList

_LAMBDA_MU = 10.0
"""Weight of the second part of NDCG-Loss2++ against its first."""


@dataclass(frozen=True, slots=True)
class Objective:
    """Weights of the losses; 0 leaves one out.

    `binary`: cross-entropy of each probability with its grade. `listnet`: of the softmax over a list with
    its grades, made to sum to 1 (Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach",
    ICML 2007). `lambda_rank`: logistic loss of each pair of products in the wrong order, weighted by what
    their swap costs in nDCG (NDCG-Loss2++; Wang et al., "The LambdaLoss Framework for Ranking Metric
    Optimization", CIKM 2018). `margin`: squared error of the differences between products of one list
    against the teacher's (Hofstaetter et al., "Improving Efficient Neural Ranking Models with Cross-
    Architecture Knowledge Distillation", 2020). `logit`: squared error of the logits themselves.
    """

    binary: float = 1.0
    listnet: float = 1.0
    lambda_rank: float = 0.0
    margin: float = 0.0
    logit: float = 0.0


def loss_of(logits: torch.Tensor, lists: Sequence[PairList], objective: Objective) -> torch.Tensor:
    """Weighted mean over pairs (`binary`, `logit`) and lists (the others); `logits` (n,) of all lists."""
    device = logits.device
    scores = torch.split(logits, [len(each) for each in lists])
    graded = [(scores[i], _tensor(each.grades, device), each.weight) for i, each in enumerate(lists)
              if each.grades is not None]  # fmt: skip
    taught = [(scores[i], _tensor(each.teacher, device), each.weight) for i, each in enumerate(lists)
              if each.teacher is not None]  # fmt: skip
    told = [each for each in graded if _tells_apart(each[1])]
    parts = [
        (objective.binary, graded, _binary, True),
        (objective.listnet, told, _listnet, False),
        (objective.lambda_rank, told, _lambda_rank, False),
        (objective.margin, [each for each in taught if len(each[0]) > 1], _margin, False),
        (objective.logit, taught, _logit, True),
    ]
    total = logits.sum() * 0.0
    for share, members, loss, by_pair in parts:
        if share and members:
            weights = [weight * (len(given) if by_pair else 1) for given, _, weight in members]
            losses = torch.stack([loss(given, wanted) for given, wanted, _ in members])
            total = total + share * (losses * losses.new_tensor(weights)).sum() / sum(weights)
    return total


def _tensor(values: object, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32, device=device)


def _tells_apart(grades: torch.Tensor) -> bool:
    """Whether the list has an order to learn."""
    return bool(grades.max() > grades.min())


def _binary(scores: torch.Tensor, grades: torch.Tensor) -> torch.Tensor:
    return binary_cross_entropy_with_logits(scores, grades)


def _listnet(scores: torch.Tensor, grades: torch.Tensor) -> torch.Tensor:
    return -(grades / grades.sum() * log_softmax(scores, dim=0)).sum()


def _lambda_rank(scores: torch.Tensor, grades: torch.Tensor) -> torch.Tensor:
    """NDCG-Loss2++ with linear gains; ranks are those of the present scores."""
    with torch.no_grad():
        ranks = scores.argsort(descending=True, stable=True).argsort(stable=True).float() + 1
        discounts = torch.log2(1 + ranks)
        best = (
            grades.sort(descending=True).values / torch.log2(2 + torch.arange(len(grades)).to(grades))
        ).sum()
        gains = grades / best
        apart = (ranks[:, None] - ranks[None, :]).abs()
        near, far = torch.log2(1 + apart.clamp(min=1)), torch.log2(2 + apart)
        delta = (1 / near - 1 / far).abs() * (apart > 0)
        rho = (1 / discounts[:, None] - 1 / discounts[None, :]).abs()
        gain = (gains[:, None] - gains[None, :]).clamp(min=0)
        weights = gain * (rho + _LAMBDA_MU * delta)
    return -(weights * logsigmoid(scores[:, None] - scores[None, :])).sum()


def _margin(scores: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Twice the variance of the error: the mean over all pairs of products of the squared error of their
    difference, n^2 pairs for the price of n.
    """
    return 2 * (scores - teacher).var(correction=1)


def _logit(scores: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    return (scores - teacher).square().mean()
