"""What the log says of each pair of query and product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from index_builder.train.queries.events.examination import Examination
from index_builder.train.queries.events.grouping import numbered, totals
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.showings import Showings
from index_builder.train.queries.events.smoothing import BetaPrior
from index_builder.train.queries.events.table import Flags, Floats, Ints

_VALUE_STRENGTH = 5.0
"""Clicks that the log's mean value of a click is worth beside a product's own clicks."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row for each pair, by query, then product.

    `clicks` counts clicked showings; `looked` how many showings shoppers are thought to have looked at: each
    counts its propensity, so that clicks / looked is what inverse propensity weights give for a product
    always shown at one place, with less variance where it moved. `value` is what a click led to, 1 on
    average; `prior` that of clicks / looked in the log.
    """

    query: Ints
    product: Ints
    clicks: Floats
    looked: Floats
    value: Floats
    prior: BetaPrior

    def where(self, kept: Flags) -> Evidence:
        return Evidence(
            self.query[kept],
            self.product[kept],
            self.clicks[kept],
            self.looked[kept],
            self.value[kept],
            self.prior,
        )

    @property
    def expected(self) -> Floats:
        """Worth of a look: the chance of a click times its value."""
        return self.prior.expected(self.clicks, self.looked) * self.value

    @property
    def at_least(self) -> Floats:
        return self.prior.at_least(self.clicks, self.looked) * self.value


def from_showings(showings: Showings, looks: Examination, rules: EventRules) -> Evidence:
    """Of a log with impressions."""
    pair = numbered(showings.query, showings.product)
    propensity = np.maximum(looks.at(showings.position), rules.min_propensity)
    clicks = totals(pair, showings.clicked)
    return _evidence(showings, pair, clicks, totals(pair, propensity), rules)


def from_clicks(showings: Showings, looks: Examination, rules: EventRules) -> Evidence:
    """Of a log of clicks alone: a product is held against the other clicked ones of its query, each click
    weighted by its inverse propensity. `looked` is all clicks of the query.
    """
    clicked = showings.where(showings.clicked)
    pair = numbered(clicked.query, clicked.product)
    weight = 1 / np.maximum(looks.at(clicked.position), rules.min_propensity)
    all_clicks, all_weight = np.bincount(clicked.query), totals(clicked.query, weight)
    scaled = weight * all_clicks[clicked.query] / all_weight[clicked.query]
    clicks = totals(pair, scaled)
    first = np.unique(pair, return_index=True)[1]
    looked = all_clicks[clicked.query[first]].astype(np.float64)
    return _evidence(clicked, pair, clicks, looked, rules)


def _evidence(showings: Showings, pair: Ints, clicks: Floats, looked: Floats, rules: EventRules) -> Evidence:
    first = np.unique(pair, return_index=True)[1]
    return Evidence(
        showings.query[first],
        showings.product[first],
        clicks,
        looked,
        _value(showings.clicked, showings.stage, pair, rules),
        BetaPrior.of(clicks, looked),
    )


def _value(clicked: Flags, stage: Ints, pair: Ints, rules: EventRules) -> Floats:
    """Of a click on each pair's product: carts and purchases only count among clicks, so that what makes
    shoppers look does not count twice.
    """
    weights = np.zeros(len(EventKind))
    weights[EventKind.CLICK] = 1.0
    weights[EventKind.CART], weights[EventKind.PURCHASE] = rules.cart_weight, rules.purchase_weight
    worth, count = totals(pair, weights[stage]), totals(pair, clicked)
    mean = worth.sum() / max(1.0, count.sum())
    value: Floats = (worth + _VALUE_STRENGTH * mean) / (count + _VALUE_STRENGTH) / max(mean, 1.0)
    return value
