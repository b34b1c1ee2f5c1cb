"""Logistic regression, small enough to be trained with each build: how likely a candidate names a target.

Fitted by Newton's method (iteratively reweighted least squares) with an L2 penalty; its outputs are
calibrated as those of any maximum-likelihood logistic model with a constant are: over the training set their
mean is the share of right ones, and so it is for each 0/1 feature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_EXAMPLES = 60
"""Of each class; with fewer nothing is learned."""
_PENALTY = 1.0
_STEPS = 25
_CLOSE = 1e-8


@dataclass(frozen=True, slots=True)
class Logistic:
    """`weights` is float64 (features + 1,), the constant last."""

    weights: NDArray[np.float64]

    def chances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """In (0, 1), one for each row of `features`, float64 (n, features)."""
        return _sigmoid(_with_constant(features) @ self.weights)


def fit_logistic(features: NDArray[np.float64], right: NDArray[np.bool_]) -> Logistic | None:
    """None with fewer than MIN_EXAMPLES right or wrong examples. Deterministic."""
    if min(int(right.sum()), int((~right).sum())) < MIN_EXAMPLES:
        return None
    table = _with_constant(features)
    penalty = np.full(table.shape[1], _PENALTY)
    penalty[-1] = 0.0
    weights = np.zeros(table.shape[1])
    for _ in range(_STEPS):
        chances = _sigmoid(table @ weights)
        slope = table.T @ (right - chances) - penalty * weights
        curve = (table * (chances * (1 - chances))[:, None]).T @ table + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curve, slope)
        weights += step
        if float(np.abs(step).max()) < _CLOSE:
            break
    return Logistic(weights)


def _with_constant(features: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hstack([features, np.ones((len(features), 1))])


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), np.float64)
