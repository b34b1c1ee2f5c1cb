"""Shares of a few tries, told with the care that few tries ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from index_builder.train.queries.events.table import Floats

_LEAST, _MOST = 2.0, 200.0
_CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True)
class BetaPrior:
    """What is known of a share before any try: its `mean` in (0, 1), and `strength`, the tries that this is
    worth.
    """

    mean: float
    strength: float

    @classmethod
    def of(cls, successes: Floats, tries: Floats) -> BetaPrior:
        """From many shares, by the method of moments: with shares that vary, successes vary more than chance
        alone has it. E[sum of tries (share - mean)^2] = mean (1 - mean) (n + (tries - n) / (strength + 1)).
        """
        count, all_tries = len(tries), float(tries.sum())
        mean = float(np.clip(successes.sum() / max(all_tries, 1e-9), 1e-4, 1 - 1e-4))
        known = tries > 0
        off = successes[known] / tries[known] - mean
        spread = float(tries[known] @ off**2) / (mean * (1 - mean))
        if all_tries <= count:
            return cls(mean, _LEAST)
        intraclass = (spread - count) / (all_tries - count)
        strength = 1 / intraclass - 1 if intraclass > 0 else _MOST
        return cls(mean, float(np.clip(strength, _LEAST, _MOST)))

    def expected(self, successes: Floats, tries: Floats) -> Floats:
        return (self.mean * self.strength + successes) / (self.strength + np.maximum(tries, successes))

    def at_least(self, successes: Floats, tries: Floats) -> Floats:
        """The lower end of the posterior: the share is above it with a chance of .9."""
        hits = self.mean * self.strength + successes
        misses = (1 - self.mean) * self.strength + np.maximum(tries - successes, 0)
        return np.asarray(betaincinv(hits, misses, 1 - _CONFIDENCE))


def at_most(successes: Floats, tries: Floats) -> Floats:
    """The upper end without any prior (Clopper and Pearson): a larger share would have given that few
    successes with a chance below .1. Without a success it is about 2.3 / tries; without a try, 1.
    """
    misses = np.maximum(tries - successes, 1e-9)
    return np.where(tries > successes, betaincinv(successes + 1, misses, _CONFIDENCE), 1.0)
