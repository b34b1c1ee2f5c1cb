from __future__ import annotations

from index_builder.graph.relations.axes import Axis
from index_builder.graph.relations.variants import (
    SAME_TITLE_CONFIDENCE,
    SAME_VALUES_CONFIDENCE,
    find_variants,
    group_of,
)
from tests.unit.index_builder.graph.relations.shelf import drafted, product


def test_colours_and_lengths_of_one_rope_are_a_group_with_both_axes() -> None:
    products = [
        product("1", "Acme Climbing rope 20 m red", "Acme"),
        product("2", "Acme Climbing rope 50 m red", "Acme"),
        product("3", "Acme Climbing rope 50 m blue", "Acme"),
        product("4", "Bolt Climbing rope 50 m blue", "Bolt"),
    ]

    (group,) = find_variants(drafted(products), products)

    assert group.rows == (0, 1, 2)
    assert set(group.axes) == {Axis.COLOR, Axis.SIZE}
    assert group.confidence == SAME_TITLE_CONFIDENCE
    assert group_of([group]) == {0: 0, 1: 0, 2: 0}


def test_products_that_fit_different_devices_are_no_variants() -> None:
    products = [
        product("1", "Acme Ink tank black", "Acme", compatibility="Jet 100"),
        product("2", "Acme Ink tank cyan", "Acme", compatibility="Jet 200"),
    ]

    assert find_variants(drafted(products), products) == []


def test_the_same_title_twice_is_no_group() -> None:
    products = [product("1", "Acme Climbing rope 20 m"), product("2", "Acme Climbing rope 20 m")]

    assert find_variants(drafted(products), products) == []


def test_a_colour_and_one_word_say_too_little() -> None:
    products = [product("1", "Mug red"), product("2", "Mug blue")]

    assert find_variants(drafted(products), products) == []


def test_two_chinese_characters_say_enough() -> None:
    products = [product("1", "茶壶 红色"), product("2", "茶壶 蓝色")]

    assert [group.axes for group in find_variants(drafted(products), products)] == [(Axis.COLOR,)]


def test_other_model_numbers_are_variants_when_all_values_are_the_same() -> None:
    values = {"plug": "Type F", "sheath": "Rubber mix", "strand": "Braided"}
    products = [
        product("1", "Acme Cord KX17 2 m", "Acme", **values),
        product("2", "Acme Cord KX19 5 m", "Acme", **values),
        product("3", "Acme Cord KX21 9 m", "Acme", **{**values, "plug": "Type G"}),
    ]

    (group,) = find_variants(drafted(products), products)

    assert group.rows == (0, 1)
    assert group.confidence == SAME_VALUES_CONFIDENCE


def test_nothing_gives_nothing() -> None:
    assert find_variants(drafted([]), []) == []
