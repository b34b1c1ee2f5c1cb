from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from index_builder.train.reranker.pair_lists import PairList
from index_builder.train.reranker.pair_losses import Objective, loss_of

NOTHING = Objective(binary=0, listnet=0)


def pair_list(
    *grades: float, teacher: tuple[float, ...] | None = None, weight: float = 1.0, graded: bool = True
) -> PairList:
    """A list without tokens: the losses read none."""
    size = len(grades) or len(teacher or ())
    return PairList(
        (None,) * size,  # type: ignore[arg-type]  # the losses do not look at them
        np.array(grades, np.float32) if graded else None,
        None if teacher is None else np.array(teacher, np.float32),
        weight,
    )


def loss(scores: list[float], lists: list[PairList], objective: Objective) -> float:
    return loss_of(torch.tensor(scores, dtype=torch.float32), lists, objective).item()


def test_binary_is_the_cross_entropy_with_the_grade() -> None:
    # Logit 0 is a probability of 1/2: ln 2, whatever the grade.
    assert loss([0, 0], [pair_list(1, 0.3)], Objective(1, 0)) == pytest.approx(math.log(2))


def test_binary_weighs_pairs_by_their_list() -> None:
    # Logit ln 3 is 3/4: -ln 3/4 where it is right, -ln 1/4 where it is wrong.
    found = loss([math.log(3)] * 3, [pair_list(1, 1, weight=0.5), pair_list(0, weight=3)], Objective(1, 0))

    assert found == pytest.approx((2 * 0.5 * -math.log(3 / 4) + 3 * -math.log(1 / 4)) / (2 * 0.5 + 3))


def test_listnet_is_the_cross_entropy_of_the_shares() -> None:
    # Grades 1 and .5 are shares of 2/3 and 1/3; the softmax of equal scores is 1/2 each.
    found = loss([4, 4], [pair_list(1, 0.5)], Objective(0, 1))

    assert found == pytest.approx(-(2 / 3 + 1 / 3) * math.log(1 / 2))


def test_lists_without_an_order_teach_no_order() -> None:
    lists = [pair_list(0.3, 0.3), pair_list(0, 0), pair_list(1)]

    assert loss([1, 2, 3, 4, 5], lists, Objective(0, 1, lambda_rank=1)) == 0


def test_lambda_rank_weighs_a_swap_by_what_it_costs() -> None:
    # Two products, grade 1 below grade 0: ranks 2 and 1. The best DCG is 1 / log2(2) = 1, so the gains are
    # the grades. rho = |1/log2(3) - 1/log2(2)|; one rank apart: delta = 1/log2(2) - 1/log2(3); mu is 10.
    weight = (1 - 1 / math.log2(3)) * (1 + 10)
    wrong = loss([0, 1], [pair_list(1, 0)], Objective(0, 0, lambda_rank=1))
    right = loss([1, 0], [pair_list(1, 0)], Objective(0, 0, lambda_rank=1))

    assert wrong == pytest.approx(weight * math.log(1 + math.e), rel=1e-5)
    assert right == pytest.approx(weight * math.log(1 + 1 / math.e), rel=1e-5)


def test_margin_is_the_mean_squared_error_of_differences() -> None:
    # Differences of the student: 1, 3, 2; of the teacher: 0, 2, 2. Errors 1, 1, 0, each pair twice.
    found = loss([3, 2, 0], [pair_list(teacher=(2, 2, 0), graded=False)], Objective(0, 0, margin=1))

    assert found == pytest.approx((1 + 1 + 0) / 3)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=6),
    st.floats(-3, 3),
)
def test_margin_does_not_see_a_shift_and_logit_does(pairs: list[tuple[float, float]], shift: float) -> None:
    scores, teacher = [a for a, _ in pairs], tuple(b for _, b in pairs)
    taught = [pair_list(teacher=teacher, graded=False)]
    moved = [score + shift for score in scores]
    margin, logit = Objective(0, 0, margin=1), Objective(0, 0, logit=1)

    assert loss(moved, taught, margin) == pytest.approx(loss(scores, taught, margin), abs=1e-3)
    error = np.array(moved) - np.array(teacher)
    assert loss(moved, taught, logit) == pytest.approx(float(np.mean(error**2)), abs=1e-3)


def test_nothing_to_learn_is_a_loss_of_nothing_with_a_gradient() -> None:
    logits = torch.zeros(2, requires_grad=True)
    found = loss_of(logits, [pair_list(1, 0)], NOTHING)
    found.backward()  # type: ignore[no-untyped-call]  # torch does not type it

    assert found.item() == 0
    assert logits.grad is not None


@pytest.mark.parametrize("objective", [Objective(0, 1), Objective(0, 0, lambda_rank=1)])
def test_the_right_order_costs_less(objective: Objective) -> None:
    graded = [pair_list(1, 0.6, 0.3, 0)]

    assert loss([3, 2, 1, 0], graded, objective) < loss([0, 1, 2, 3], graded, objective)
