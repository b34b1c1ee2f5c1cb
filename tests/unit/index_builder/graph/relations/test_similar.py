from __future__ import annotations

import math

import pytest

from index_builder.graph.relations.similar import LONELY_FACTOR, find_similar
from index_builder.graph.vocabulary import SourceGraph, Term
from tests.unit.index_builder.graph.relations.shelf import drafted, product, unit_rows


def test_a_pair_scores_the_mean_of_cosine_and_shared_rarity() -> None:
    """Both state wool; only one states hooded. Rarity is ln(4 / products that state it)."""
    products = [
        product("1", "a", product_type="coat", cloth="Wool", cut="Hooded"),
        product("2", "b", product_type="coat", cloth="Wool"),
        product("3", "c", product_type="lamp", cut="Hooded"),
        product("4", "d", product_type="vase"),
    ]

    (pair,) = find_similar(drafted(products), unit_rows(0, 30, 180, 270), variants={})

    wool, hooded = math.log(4 / 2), math.log(4 / 2)
    jaccard = wool / (wool + hooded)
    assert (pair.subject, pair.object, pair.predicate) == (0, 1, Term.SIMILAR_TO)
    assert pair.source == SourceGraph.SIMILARITY
    assert pair.confidence == pytest.approx(0.5 * (math.cos(math.radians(30)) + jaccard), abs=1e-4)


def test_a_product_without_attributes_still_gets_its_nearest() -> None:
    products = [product("1", "a"), product("2", "b"), product("3", "c")]

    (pair,) = find_similar(drafted(products), unit_rows(0, 40, 170), variants={})

    assert (pair.subject, pair.object) == (0, 1)
    assert pair.confidence == pytest.approx(LONELY_FACTOR * math.cos(math.radians(40)), abs=1e-4)


def test_products_of_unlike_types_are_no_substitutes() -> None:
    products = [product("1", "a", product_type="coat"), product("2", "b", product_type="lamp")]

    assert find_similar(drafted(products), unit_rows(0, 1), variants={}) == []


def test_types_with_a_broader_type_in_common_may_be() -> None:
    products = [
        product("1", "a", product_type="rain coat"),
        product("2", "b", product_type="fur coat"),
        product("3", "c", product_type="coat"),
    ]

    found = find_similar(drafted(products), unit_rows(0, 1, 180), variants={})

    assert [(pair.subject, pair.object) for pair in found] == [(0, 1)]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"compatibility": "Jet 100"}, {"compatibility": "Jet 200"}, 0),
        ({"compatibility": "Jet 100"}, {"compatibility": "Jet 100"}, 1),
        ({"compatibility": "Jet 100", "color": "cyan"}, {"compatibility": "Jet 100", "color": "black"}, 0),
        ({"color": "cyan"}, {"color": "black"}, 1),
    ],
)
def test_an_accessory_is_replaced_by_one_that_fits_the_same(
    first: dict[str, str], second: dict[str, str], expected: int
) -> None:
    products = [product("1", "a", **first), product("2", "b", **second)]

    assert len(find_similar(drafted(products), unit_rows(0, 1), variants={})) == expected


def test_where_a_type_says_what_it_fits_silence_is_a_poor_substitute() -> None:
    """Four of six inks name their printer; the last two, much alike, do not."""
    inks = [product(f"i{place}", "a", product_type="ink", compatibility=f"Jet {place}") for place in range(4)]
    silent = [product("x", "a", product_type="ink"), product("y", "a", product_type="ink")]
    alike = math.cos(math.radians(1))

    (pair,) = find_similar(drafted([*inks, *silent]), unit_rows(0, 60, 120, 180, 270, 271), variants={})
    (alone,) = find_similar(drafted(silent), unit_rows(270, 271), variants={})

    assert (pair.subject, pair.object) == (4, 5)
    assert pair.confidence == pytest.approx(LONELY_FACTOR * alike, abs=1e-4)
    assert alone.confidence == pytest.approx(0.5 * (alike + 0), abs=1e-4)


def test_variants_and_excluded_pairs_are_left_out_and_a_group_counts_once() -> None:
    products = [product(str(place), "a") for place in range(5)]
    vectors = unit_rows(0, 2, 4, 6, 8)

    found = find_similar(
        drafted(products), vectors, variants={0: 0, 1: 0, 2: 1, 3: 1}, excluded={(0, 4)}, top=5
    )

    nearest_of_group_1_for_each = {(0, 2), (1, 2), (2, 4), (3, 4)}
    others = {(1, 4), (1, 3)}
    assert {(pair.subject, pair.object) for pair in found} == nearest_of_group_1_for_each | others


def test_a_product_keeps_its_best_few() -> None:
    products = [product(str(place), "a") for place in range(12)]

    found = find_similar(drafted(products), unit_rows(*range(12)), variants={}, top=2)

    assert {(pair.subject, pair.object) for pair in found if pair.subject == 0} == {(0, 1), (0, 2)}


def test_one_product_has_no_neighbour() -> None:
    assert find_similar(drafted([product("1", "a")]), unit_rows(0), variants={}) == []
