"""Near products and likely regions of a taxonomy."""

import numpy as np
import pytest

from engine.types import Product, ProductId
from index_builder.graph.alignment.votes import Nearness, key_vectors, nearest, telling_keys, unit


def keyed(number: int, *keys: str) -> Product:
    return Product(id=ProductId(str(number)), title="x", attributes=dict.fromkeys(keys, "y"))


def test_neighbours_are_those_of_the_greatest_cosine_the_product_itself_left_out() -> None:
    chance = np.random.default_rng(3)
    vectors = unit(chance.standard_normal((40, 8)).astype(np.float32))
    keys = np.zeros((40, 1), np.float32)

    found = nearest(vectors, keys)

    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    best = np.sort(np.argsort(-cosines, axis=1)[:, :12], axis=1)
    np.testing.assert_array_equal(found.rows, best)
    squares = np.maximum(np.take_along_axis(cosines, best, axis=1), 0) ** 2
    expected = squares / np.maximum(squares.sum(1, keepdims=True), 4)
    np.testing.assert_allclose(found.weights, expected, atol=1e-5)


def test_a_product_unlike_all_others_hears_none() -> None:
    found = nearest(np.eye(3, dtype=np.float32), np.zeros((3, 1), np.float32))
    assert found.weights.tolist() == [[0, 0]] * 3


def test_keys_of_most_products_or_of_one_tell_nothing() -> None:
    products = [
        keyed(0, "width", "fuse"),
        keyed(1, "width", "fuse"),
        keyed(2, "width", "odd"),
        keyed(3, "width"),
    ]
    assert telling_keys(products) == {"fuse": pytest.approx(np.log(4 / 2))}


def test_products_with_the_same_keys_are_near_and_others_are_not() -> None:
    products = [keyed(0, "a", "b"), keyed(1, "a", "b"), keyed(2, "c"), keyed(3, "c"), keyed(4)]
    vectors = key_vectors(products, telling_keys(products))
    cosines = vectors @ vectors.T
    assert cosines[0, 1] == pytest.approx(1, abs=1e-5)
    assert abs(cosines[0, 2]) < 0.3
    assert not vectors[4].any()


def test_a_category_beside_the_shops_products_is_likelier_than_one_far_away() -> None:
    """Two roots with two leaves each: 0 > (1, 2) and 3 > (4, 5); all products lie in 1."""
    nearness = Nearness([(0,), (0, 1), (0, 2), (3,), (3, 4), (3, 5)])

    likely = nearness(np.array([0.0, 10, 0, 0, 0, 0]))

    assert likely.sum() == pytest.approx(1)
    assert likely[1] > likely[2] > likely[4]
    assert likely[4] == likely[5] > 0
