"""Makes a cross-encoder's score a probability: that a product answers the query.

A network that was trained with several losses orders well, but is too sure of itself (Guo et al., "On
Calibration of Modern Neural Networks", ICML 2017). A scale and a shift of its logits, learnt on products it
did not learn from, correct that, keep every order, and vanish in the head's weights: the engine needs no code
for it. Isotonic regression is fitted beside them as a measure of what is left; it is not used, because it
gives whole ranges of products the same score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from engine.types import FloatArray

_FOLDS = 5
_BINS = 10
MIN_PER_SIDE = 20
"""Fewer answers, or fewer others, than this and the logits stay as they are."""
_NEAR_ZERO = 1e-6


class Method(StrEnum):
    """What was done to the logits."""

    NONE = "none"
    TEMPERATURE = "temperature"
    PLATT = "platt"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logits become scale * logit + shift; `scale` is above 0. Log losses are in nats, cross-validated by
    query, and so is the expected calibration error `ece` of the method chosen, in [0, 1]; nan without folds.
    """

    method: Method
    scale: float
    shift: float
    pairs: int
    log_loss: dict[str, float]
    ece_before: float
    ece_after: float

    @property
    def changes(self) -> bool:
        return self.method is not Method.NONE


Array = NDArray[np.float64]
Line = tuple[float, float]


def calibrate(
    logits: FloatArray, answers: NDArray[np.bool_], queries: Sequence[int], weights: FloatArray | None = None
) -> Calibration:
    """Choose between nothing, a temperature (a scale) and Platt's scaling (a scale and a shift; 1999).

    `logits`, float32 (n,); `answers`, (n,), whether the product answers; `queries`, (n,), the number of each
    pair's query: the pairs of one query stay in one fold; `weights`, (n,), above 0. The lowest log loss on
    folds not learnt from wins; of equal ones the simpler.
    """
    x, y = logits.astype(np.float64), answers.astype(np.float64)
    w = np.ones(len(x)) if weights is None else weights.astype(np.float64)
    groups = np.asarray(queries)
    before = expected_calibration_error(_sigmoid(x), y, w) if len(x) else 0.0
    folds = min(_FOLDS, len(np.unique(groups)))
    if min(y.sum(), len(y) - y.sum()) < MIN_PER_SIDE or folds < 2:
        return Calibration(Method.NONE, 1.0, 0.0, len(x), {}, before, before)
    predicted = _held_out(x, y, w, groups, folds)
    losses = {name: log_loss(values, y, w) for name, values in predicted.items()}
    method = min(Method, key=lambda each: (round(losses[each.value], 4), list(Method).index(each)))
    scale, shift = _FITS[method](x, y, w)
    after = expected_calibration_error(predicted[method.value], y, w)
    return Calibration(method, scale, shift, len(x), losses, before, after)


def expected_calibration_error(probabilities: Array, y: Array, w: Array) -> float:
    """Weighted mean over ten bins of equal weight of |mean probability - share of answers| (Naeini et al.,
    "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; bins by rank, so that none is
    empty).
    """
    order = np.argsort(probabilities, kind="stable")
    middles = np.cumsum(w[order]) - w[order] / 2
    bins = np.minimum((middles / w.sum() * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for each in range(_BINS):
        inside = order[bins == each]
        error += abs(float((w[inside] * (probabilities[inside] - y[inside])).sum()))
    return error / float(w.sum())


def log_loss(probabilities: Array, y: Array, w: Array) -> float:
    """Weighted mean, in nats; probabilities are kept away from 0 and 1."""
    p = np.clip(probabilities, _NEAR_ZERO, 1 - _NEAR_ZERO)
    return float(-(w * (y * np.log(p) + (1 - y) * np.log1p(-p))).sum() / w.sum())


def _held_out(x: Array, y: Array, w: Array, groups: NDArray[np.int64], folds: int) -> dict[str, Array]:
    """Probabilities by method, each of a line learnt from the other folds."""
    from sklearn.isotonic import IsotonicRegression
    from sklearn.model_selection import GroupKFold

    predicted = {name: np.empty(len(x)) for name in (*(each.value for each in Method), "isotonic")}
    for train, test in GroupKFold(folds).split(x, y, groups):
        for method, fitted in _FITS.items():
            scale, shift = fitted(x[train], y[train], w[train])
            predicted[method.value][test] = _sigmoid(scale * x[test] + shift)
        isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        isotonic.fit(x[train], y[train], sample_weight=w[train])
        predicted["isotonic"][test] = isotonic.predict(x[test])
    return predicted


def _as_it_is(_x: Array, _y: Array, _w: Array) -> Line:
    return 1.0, 0.0


def _temperature(x: Array, y: Array, w: Array) -> Line:
    return _minimum(x, y, w, shifted=False)


def _platt(x: Array, y: Array, w: Array) -> Line:
    return _minimum(x, y, w, shifted=True)


_FITS: dict[Method, Callable[[Array, Array, Array], Line]] = {
    Method.NONE: _as_it_is,
    Method.TEMPERATURE: _temperature,
    Method.PLATT: _platt,
}


def _minimum(x: Array, y: Array, w: Array, *, shifted: bool) -> Line:
    """Lowest log loss. The scale is searched for by its logarithm: below 0 it would turn the order round."""

    def loss(found: Array) -> tuple[float, Array]:
        scale, shift = np.exp(found[0]), found[1] if shifted else 0.0
        z = scale * x + shift
        slope = w * (_sigmoid(z) - y) / w.sum()
        gradient = [float((slope * x).sum() * scale), float(slope.sum())]
        value = float((w * (np.logaddexp(0, z) - y * z)).sum() / w.sum())
        return value, np.array(gradient if shifted else gradient[:1])

    start = np.zeros(2 if shifted else 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-5, 5), (-20, 20)][: len(start)]).x
    return float(np.exp(found[0])), float(found[1]) if shifted else 0.0


def _sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0, -x))
