"""How far a difference between two rankings may be chance: tests and intervals for paired figures."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]

RESAMPLES = 2_000
PERMUTATIONS = 100_000
ENUMERATED = 16
"""Differences up to which every one of their 2^n signs is tried, 65,536 at most, and the test is exact."""
_AT_ONCE = 4_000_000
"""Signs in memory at a time."""
_SAME = 1e-12


def bootstrap_interval(values: Figures, seed: int = 0) -> tuple[float, float]:
    """95% percentile interval of the mean of float64 (n,): `RESAMPLES` times n values are drawn, with
    replacement (Efron 1979). Of differences of the same queries it is the paired interval.
    """
    draws = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def randomisation_p(differences: Figures, seed: int = 0) -> float:
    """Two-sided paired randomisation test of float64 (n,), in (0, 1]: how often a mean at least as far from 0
    would come out if it were chance which of the two rankings a query's figures belong to (Fisher 1935;
    Smucker, Allan and Carterette, CIKM 2007). Few differences are tried with all their signs, more with
    `PERMUTATIONS` drawn ones, to which the signs found are added, so that p is never 0 (Phipson and Smyth
    2010). Without any difference it is 1.
    """
    moved = differences[np.abs(differences) > _SAME]
    if not len(moved):
        return 1.0
    least = abs(float(moved.sum())) - _SAME * float(np.abs(moved).sum())
    if len(moved) <= ENUMERATED:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(moved))))
        return float(np.mean(np.abs(signs @ moved) >= least))
    chance = np.random.default_rng(seed)
    as_far, left = 0, PERMUTATIONS
    while left:
        rows = min(left, max(1, _AT_ONCE // len(moved)))
        signs = chance.integers(0, 2, (rows, len(moved)), dtype=np.int8) * 2.0 - 1.0
        as_far += int(np.count_nonzero(np.abs(signs @ moved) >= least))
        left -= rows
    return (as_far + 1) / (PERMUTATIONS + 1)


def t_test_p(differences: Figures) -> float:
    """Two-sided paired t-test of float64 (n,), in [0, 1] (Student 1908). It takes differences to be normal,
    which those of rankings are not; with many queries it agrees with the randomisation test.
    """
    from scipy.stats import t

    count = len(differences)
    mean, spread = float(differences.mean()), float(differences.std(ddof=1)) if count > 1 else 0.0
    if spread <= _SAME:  # all alike: nothing to hold the mean against
        return 1.0 if count < 2 or abs(mean) <= _SAME else 0.0
    return float(2 * t.sf(abs(mean) / (spread / np.sqrt(count)), count - 1))
