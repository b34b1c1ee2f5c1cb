from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.relations.complements import find_complements, settle_substitutes
from index_builder.graph.relations.pairs import Pair
from index_builder.graph.relations.together import count_together
from index_builder.graph.vocabulary import SourceGraph, Term

TEA, POT, SUGAR, MUG = range(4)


def test_the_figures_of_a_pair() -> None:
    """Ten baskets: tea and pot in 4, tea alone in 1, pot alone in 1, neither in 4."""
    baskets = [[TEA, POT]] * 4 + [[TEA, SUGAR], [POT, SUGAR]] + [[SUGAR, MUG]] * 4

    found = count_together(baskets, 4)

    place = list(zip(found.one.tolist(), found.two.tolist(), strict=True)).index((TEA, POT))
    observed = (4, 1, 1, 4)
    expected = (5 * 5 / 10, 5 * 5 / 10, 5 * 5 / 10, 5 * 5 / 10)
    ratio = 2 * sum(o * math.log(o / e) for o, e in zip(observed, expected, strict=True))
    assert found.orders[place] == 4
    assert found.lift[place] == pytest.approx(4 * 10 / (5 * 5))
    assert found.ratio[place] == pytest.approx(ratio)
    assert found.association[place] == pytest.approx(math.log(1.6) / math.log(10 / 4))
    assert found.bought.tolist() == [5, 5, 6, 4]


def test_products_only_ever_bought_together_are_associated_fully() -> None:
    found = count_together([[TEA, POT]] * 3 + [[SUGAR, MUG]] * 2, 4)

    assert found.association.tolist() == pytest.approx([1.0, 1.0])


def test_a_large_basket_is_cut_to_a_seeded_sample() -> None:
    def pairs(seed: int) -> list[tuple[int, int]]:
        found = count_together([list(range(50))], 50, max_basket=3, seed=seed)
        return list(zip(found.one.tolist(), found.two.tolist(), strict=True))

    assert len(pairs(0)) == 3
    assert pairs(0) == pairs(0)
    assert pairs(0) != pairs(1)


@given(st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=5, unique=True), max_size=30))
def test_figures_stay_in_their_ranges(baskets: list[list[int]]) -> None:
    found = count_together([sorted(basket) for basket in baskets], 10)

    assert np.all(found.one < found.two)
    assert np.all(found.ratio >= 0)
    assert np.all((found.association >= -1) & (found.association <= 1 + 1e-12))
    assert np.all(found.orders <= np.minimum(found.bought[found.one], found.bought[found.two]))


HABIT = [[TEA, POT]] * 20 + [[SUGAR, MUG]] * 20


def test_a_habit_makes_complements() -> None:
    (first, second) = find_complements(count_together(HABIT, 4), variants={})

    assert first == Pair(TEA, POT, Term.RELATED_TO, SourceGraph.BEHAVIOUR, 1.0)
    assert (second.subject, second.object) == (SUGAR, MUG)


def test_a_pair_seen_four_times_is_no_habit() -> None:
    baskets = [[TEA, POT]] * 4 + [[SUGAR, MUG]] * 20 + [[4, 5]] * 20

    found = find_complements(count_together(baskets, 6), variants={})

    assert [(pair.subject, pair.object) for pair in found] == [(SUGAR, MUG), (4, 5)]


def test_variants_bought_together_are_no_complements() -> None:
    found = find_complements(count_together(HABIT, 4), variants={TEA: 0, POT: 0, SUGAR: 1})

    assert [(pair.subject, pair.object) for pair in found] == [(SUGAR, MUG)]


def similar(one: int, two: int) -> Pair:
    return Pair(one, two, Term.SIMILAR_TO, SourceGraph.SIMILARITY, 0.6)


def test_what_is_bought_together_is_no_substitute() -> None:
    assert settle_substitutes([similar(TEA, POT)], count_together(HABIT, 4), len(HABIT)) == []


def test_what_is_bought_instead_is_confirmed_by_orders() -> None:
    """Tea and mug are in 20 of 40 baskets: 10 expected together, none seen; 1 - .4 * 0 / 10 is capped"""
    settled = settle_substitutes([similar(TEA, MUG)], count_together(HABIT, 4), len(HABIT))

    assert settled == [
        Pair(TEA, MUG, Term.SIMILAR_TO, SourceGraph.BEHAVIOUR, 0.95),
        similar(TEA, MUG),
    ]


def test_products_that_hardly_sell_confirm_nothing() -> None:
    baskets = [[TEA, SUGAR], [MUG, SUGAR]]

    assert settle_substitutes([similar(TEA, MUG)], count_together(baskets, 4), 2) == [similar(TEA, MUG)]


def test_without_baskets_nothing_changes() -> None:
    assert settle_substitutes([similar(TEA, POT)], count_together([], 4), 0) == [similar(TEA, POT)]
