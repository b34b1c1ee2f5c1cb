"""Turns a model's scores into probabilities of being right, learned from cases that were held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.types import FloatArray

BINS = 10
_PRIOR = 2.0
"""Imagined cases in each bin, as often right as all cases together."""


_Pool = tuple[float, float, int]
"""The highest score in it, how many cases were right, and how many there are."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores up to `edges[i]` are right with probability `right[i]`, which never falls as scores rise.
    `counts[i]` cases were seen there. Both ascend; the last edge is 1.
    """

    edges: tuple[float, ...]
    right: tuple[float, ...]
    counts: tuple[int, ...]

    def __call__(self, score: float) -> float:
        place = int(np.searchsorted(self.edges, min(score, 1.0)))
        return self.right[min(place, len(self.right) - 1)]


IDENTITY_BINS = Calibration(
    tuple(np.linspace(1 / BINS, 1, BINS).tolist()), tuple(np.linspace(0.05, 0.95, BINS).tolist()), (0,) * BINS
)
"""Believes the scores, for want of cases."""


def calibrate(scores: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Equally full bins, then isotonic regression over them by pooling neighbours that fall (Zadrozny and
    Elkan, KDD 2002). `right[i]` says whether case i was. Without cases the scores are believed.
    """
    if not scores:
        return IDENTITY_BINS
    order = np.argsort(scores, kind="stable")
    ranked = np.asarray(scores, float)[order]
    hits = np.asarray(right, float)[order]
    prior = float(hits.mean())
    pools: list[_Pool] = []
    for part in np.array_split(np.arange(len(ranked)), min(BINS, len(ranked))):
        pools.append((float(ranked[part[-1]]), float(hits[part].sum()), len(part)))
        while len(pools) > 1 and _belong_together(pools[-2], pools[-1], prior):
            (_, below, few), (edge, above, many) = pools[-2:]
            pools[-2:] = [(edge, below + above, few + many)]
    edges = (*(edge for edge, _, _ in pools[:-1]), 1.0)
    return Calibration(edges, tuple(_rate(pool, prior) for pool in pools), tuple(pool[2] for pool in pools))


def best_temperature(logits: FloatArray, tags: Sequence[int]) -> float:
    """The divisor of logits (n, tags) that makes the true tags likeliest (Guo et al., ICML 2017)."""
    candidates = np.linspace(0.5, 4.0, 71)
    if not len(tags):
        return 1.0
    picked = np.arange(len(tags)), np.asarray(tags)
    losses = [-np.log(softmax(logits / t)[picked] + 1e-12).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def softmax(logits: FloatArray) -> FloatArray:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def _belong_together(below: _Pool, above: _Pool, prior: float) -> bool:
    """Neighbours that share their scores, or of which the higher one is right no more often."""
    return below[0] == above[0] or _rate(below, prior) >= _rate(above, prior)


def _rate(pool: _Pool, prior: float) -> float:
    return round((pool[1] + _PRIOR * prior) / (pool[2] + _PRIOR), 4)
