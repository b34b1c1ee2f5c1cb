from dataclasses import replace

import numpy as np
import pytest

from index_builder.train.queries.events.examination import (
    MAX_PLACES,
    MIN_MOVED_CLICKS,
    BiasMethod,
    assumed,
    examination,
)
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.showings import Showings
from index_builder.train.queries.events.table import Floats

RULES = EventRules()
LOOKS = {
    "slow": 1 / np.sqrt(np.arange(1, 11)),
    "usual": 1 / np.arange(1, 11),
    "no curve": np.array([1.0, 0.9, 0.8, 0.75, 0.7, 0.3, 0.28, 0.25, 0.2, 0.2]),
}


def position_based(looks: Floats, *, lists: int, moves: bool = True, seed: int = 0) -> Showings:
    """Forty queries with ten products; what attracts more stands higher, and neighbours change places."""
    chance = np.random.default_rng(seed)
    places = len(looks)
    attraction = 0.1 - np.sort(-0.9 * chance.beta(1, 4, (40, places)), axis=1)
    query = np.repeat(np.arange(lists) % 40, places)
    jitter = 1.5 * chance.random((lists, places)) * moves
    product = np.argsort(np.arange(places) + jitter, axis=1).ravel()
    position = np.tile(np.arange(1, places + 1), lists)
    clicked = chance.random(lists * places) < attraction[query, product] * looks[position - 1]
    stage = np.where(clicked, int(EventKind.CLICK), int(EventKind.IMPRESSION))
    return Showings(query, product, position, stage)


@pytest.mark.parametrize("shape", sorted(LOOKS))
def test_places_are_told_apart_by_products_that_moved(shape: str) -> None:
    looks = examination(position_based(LOOKS[shape], lists=40_000), RULES)
    assert looks.method is BiasMethod.ESTIMATED
    # Products only change places with neighbours, so that errors add up from place to place: in ten other
    # seeds the largest of ten errors was .01 to .06. The usual curve would be .5 away from the third shape.
    assert looks.propensity == pytest.approx(LOOKS[shape], abs=0.1)


def test_clicks_alone_would_not_tell_them() -> None:
    happened = position_based(LOOKS["slow"], lists=40_000)
    rate = np.bincount(happened.position, happened.clicked)[1:]
    # The ranking is a good one: what stands first is clicked more for being better, too.
    assert np.all(rate[5:] / rate[0] < 0.6 * LOOKS["slow"][5:])


def test_few_data_stay_near_the_prior() -> None:
    looks = examination(position_based(LOOKS["slow"], lists=200), RULES)
    assert looks.method is BiasMethod.ESTIMATED
    assert looks.moved_clicks < 1_000
    assert np.all(looks.propensity <= 1.5 * LOOKS["slow"])
    assert np.all(looks.propensity >= LOOKS["usual"] / 1.5)


def test_a_list_that_never_changes_says_nothing_of_places() -> None:
    looks = examination(position_based(LOOKS["slow"], lists=2_000, moves=False), RULES)
    assert looks.method is BiasMethod.ASSUMED
    assert (looks.moved, looks.moved_clicks) == (0, 0)
    assert looks.propensity == pytest.approx(1 / np.arange(1, 11))


@pytest.mark.parametrize(
    ("clicks", "method"),
    [(MIN_MOVED_CLICKS - 1, BiasMethod.ASSUMED), (MIN_MOVED_CLICKS, BiasMethod.ESTIMATED)],
)
def test_it_takes_some_clicks_on_moved_products(clicks: int, method: BiasMethod) -> None:
    position = np.append(np.ones(clicks), 2).astype(np.int64)
    same = np.zeros(clicks + 1, np.int64)
    stage = np.append(np.ones(clicks), 0).astype(np.int64)
    looks = examination(Showings(same, same, position, stage), RULES)
    assert looks.method is method
    assert (looks.moved, looks.moved_clicks) == (1, clicks)


def test_places_without_data_follow_the_curve_of_the_others() -> None:
    happened = position_based(LOOKS["slow"], lists=40_000)
    far = Showings(
        *(
            np.append(column, [value])
            for column, value in zip(
                (happened.query, happened.product, happened.position, happened.stage),
                (99, 99, 40, 0),
                strict=True,
            )
        )
    )
    looks = examination(far, RULES)
    # The ten places say eta is about .5: place 40 is looked at by 1 / sqrt(40), not by 1 / 40.
    assert looks.propensity[39] == pytest.approx(1 / np.sqrt(40), rel=0.3)


def test_a_log_without_positions_has_no_bias_to_tell() -> None:
    happened = position_based(LOOKS["usual"], lists=50)
    looks = examination(replace(happened, position=np.zeros_like(happened.position)), RULES)
    assert looks.method is BiasMethod.NONE
    assert looks.at(np.zeros(3, np.int64)).tolist() == [1, 1, 1]


def test_an_unknown_position_counts_as_the_mean_of_the_known_ones() -> None:
    looks = assumed(4, RULES)
    # (1 + 1/4) / 2; place 9 counts as the last that is known.
    assert looks.at(np.array([1, 4, 0])).tolist() == [1, 0.25, (1 + 0.25) / 2]
    assert looks.at(np.array([9])).tolist() == [0.25]


def test_places_far_down_are_one() -> None:
    same, position = np.zeros(1, np.int64), np.array([5 * MAX_PLACES])
    looks = examination(Showings(same, same, position, same), RULES)
    assert len(looks.propensity) == MAX_PLACES
