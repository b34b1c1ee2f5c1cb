"""Fits the weights: pairwise logistic loss, with a pull towards the weights that were set by hand.

RankNet (Burges et al., ICML 2005) with a linear scorer: the chance that a product answers better than another
is the logistic function of the difference of their scores. The loss is convex, so there is one best answer.
The pull is a Gaussian prior around the weights set by hand, as wide for each as that weight: with little data
they stay, and a part that never tells two products apart keeps its weight. Weighting the pairs by what their
exchange changes in nDCG (LambdaRank) made no difference on judged queries, and is left out.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from index_builder.train.fusion.graded_list import Figures
from index_builder.train.fusion.pairs import Pairs

_NARROWEST = 0.2
"""The least width of the prior, for weights that are small or 0."""


def fit_weights(pairs: Pairs, by_hand: Figures, pull: float) -> Figures:
    """Float64 (len(PARTS),), none negative. `pull` above 0 weighs the prior against the mean loss."""
    width = np.maximum(by_hand, _NARROWEST)

    def loss(weights: Figures) -> tuple[float, Figures]:
        margins = pairs.differences @ weights
        moved = (weights - by_hand) / width
        value = pairs.gains @ np.logaddexp(0.0, -margins) + pull * moved @ moved
        slope = 2 * pull * moved / width - (pairs.gains * expit(-margins)) @ pairs.differences
        return float(value), slope

    found = minimize(loss, by_hand, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(by_hand))
    weights: Figures = found.x
    return weights
