"""How many shoppers look at each place of a list, estimated from the log itself.

Position-based model: a product at place k is clicked with the chance (it is looked at) x (it attracts), of
which the first depends on k alone and the second on query and product alone. A product that a query showed at
several places attracts alike at all of them, so that its clicks tell the places apart (intervention
harvesting, Agarwal et al., WSDM 2019). Here all places are estimated at once by maximum likelihood: given a
product's clicks, their split over its places is multinomial with chances showings x propensity, in which
attractiveness cancels (Poisson regression with fixed effects, Hausman, Hall and Griliches, Econometrica
1984). Unlike regression-EM (Wang et al., WSDM 2018) it needs no features of products, and thinly shown
products do not bias it.

The prior says log propensity = -eta log k + what is peculiar to k, with eta around the rules' and both
normal: places that few data tell about follow the curve that the others show, and a log without data the
rules' curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.sparse import csr_array

from index_builder.train.queries.events.grouping import numbered
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.showings import Showings
from index_builder.train.queries.events.table import Floats, Ints

MAX_PLACES = 100
"""Places further down count as this one."""
MIN_MOVED_CLICKS = 50
"""On products that moved: below, the prior alone would speak."""
_ETA_DEVIATION, _PLACE_DEVIATION = 0.5, 0.3
_MAX_STEPS, _ENOUGH = 100, 1e-8


class BiasMethod(StrEnum):
    ESTIMATED = "estimated from products that were shown at several places"
    ASSUMED = "assumed (1 / position ^ eta)"
    NONE = "none: the log has no positions"


@dataclass(frozen=True, slots=True)
class Examination:
    """`propensity`, float64 (places,), is the share of shoppers who look at place i + 1, beside those who
    look at the first, which is 1. It rests on `moved_clicks` clicks on `moved` pairs of query and product.
    """

    propensity: Floats
    method: BiasMethod
    moved: int = 0
    moved_clicks: int = 0

    def at(self, position: Ints) -> Floats:
        """Where the position is unknown (0), the mean of those that are known."""
        known = position > 0
        if self.method is BiasMethod.NONE or not known.any():
            return np.ones(len(position))
        found = self.propensity[np.clip(position, 1, len(self.propensity)) - 1]
        return np.where(known, found, found[known].mean())


def examination(showings: Showings, rules: EventRules) -> Examination:
    """Of a log with impressions: of every showing, its position (or 0) and whether it was clicked."""
    places = min(int(showings.position.max(initial=0)), MAX_PLACES)
    if not places:
        return Examination(np.ones(1), BiasMethod.NONE)
    known = showings.where(showings.position > 0)
    place = np.minimum(known.position, MAX_PLACES) - 1
    pair = numbered(known.query, known.product)
    pairs = int(pair.max()) + 1
    cell = pair * places + place
    shown = _counts(cell, np.ones(len(cell)), pairs, places)
    clicks = _counts(cell, known.clicked.astype(np.float64), pairs, places)
    moved = np.flatnonzero((np.diff(shown.indptr) > 1) & (clicks.sum(axis=1) > 0))
    moved_clicks = int(clicks[moved].sum())
    if moved_clicks < MIN_MOVED_CLICKS:
        return assumed(places, rules, moved=len(moved), moved_clicks=moved_clicks)
    propensity = _estimate(shown[moved], clicks[moved], rules.eta)
    return Examination(propensity, BiasMethod.ESTIMATED, len(moved), moved_clicks)


def assumed(places: int, rules: EventRules, *, moved: int = 0, moved_clicks: int = 0) -> Examination:
    curve = np.arange(1, max(1, places) + 1, dtype=np.float64) ** -rules.eta
    return Examination(curve, BiasMethod.ASSUMED, moved, moved_clicks)


def _counts(cell: Ints, values: Floats, pairs: int, places: int) -> csr_array:
    cells, inverse = np.unique(cell, return_inverse=True)
    table = (np.bincount(inverse, values), (cells // places, cells % places))
    return csr_array(table, shape=(pairs, places))


def _estimate(shown: csr_array, clicks: csr_array, eta: float) -> Floats:
    """Newton's method on the log propensities of all places but the first; the log posterior is concave, and
    a step that would make it worse is halved.
    """
    places = shown.shape[1]
    logs = np.log(np.arange(2, places + 1, dtype=np.float64))
    precision = np.linalg.inv(
        _ETA_DEVIATION**2 * np.outer(logs, logs) + _PLACE_DEVIATION**2 * np.eye(places - 1)
    )
    centre = -eta * logs
    total, per_place = clicks.sum(axis=1), clicks.sum(axis=0)
    value = centre.copy()

    def posterior(value: Floats) -> float:
        propensity = np.exp(np.append(0.0, value))
        off = value - centre
        fit = per_place[1:] @ value - total @ np.log(shown @ propensity)
        return float(fit - off @ precision @ off / 2)

    best = posterior(value)
    for _ in range(_MAX_STEPS):
        propensity = np.exp(np.append(0.0, value))
        share = shown.multiply(propensity).tocsr()
        share = share.multiply((1 / share.sum(axis=1))[:, None]).tocsr()
        expected = share.T @ total
        spread = (share.T @ share.multiply(total[:, None]).tocsr()).toarray()
        slope = (per_place - expected)[1:] - precision @ (value - centre)
        curvature = (np.diag(expected) - spread)[1:, 1:] + precision
        step = np.linalg.solve(curvature, slope)
        while (after := posterior(value + step)) < best and np.abs(step).max() > _ENOUGH:
            step /= 2
        value, best = value + step, max(best, after)
        if np.abs(step).max() <= _ENOUGH:
            break
    return np.asarray(np.exp(np.append(0.0, value)))
