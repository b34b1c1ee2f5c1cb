"""Products find their categories, by words alone and with an encoder."""

from collections.abc import Sequence

import numpy as np
import pytest

from engine.types import FloatArray
from index_builder.graph.alignment.attributes import align_attributes
from index_builder.graph.alignment.meanings import Meanings
from index_builder.graph.alignment.products import align_products
from index_builder.graph.alignment.words import words_of
from index_builder.graph.facts import extract
from index_builder.graph.ontologies.taxonomy import Taxonomy
from tests.unit.index_builder.graph.alignment.kitchen import (
    KNIVES,
    MUGS,
    PANS,
    PRODUCTS,
    TAXONOMY,
    WOKS,
    product,
)


class Hashed:
    """An encoder whose texts are the sum of their words' random directions; it reads no Chinese."""

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        rows = np.array([self._row(text) for text in texts], np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def _row(self, text: str) -> FloatArray:
        words = [word for word in words_of(text) if word.isascii()]
        seeds = [int.from_bytes(word.encode(), "big") % 2**32 for word in words] or [1]
        directions = [np.random.default_rng(seed).standard_normal(64, np.float32) for seed in seeds]
        return np.asarray(np.sum(directions, axis=0), np.float32)


TYPED = slice(0, 7)
RIGHT = [PANS, PANS, WOKS, MUGS, MUGS, KNIVES, WOKS]


def test_words_alone_tell_the_categories_in_english_and_chinese() -> None:
    draft = extract(PRODUCTS)
    found = align_products(PRODUCTS, draft, TAXONOMY, attributes=align_attributes(draft, TAXONOMY))
    assert found.categories[TYPED, 0].tolist() == RIGHT
    assert (found.confidence[TYPED, 0] > 0.5).all()


def test_with_an_encoder_too() -> None:
    draft = extract(PRODUCTS)
    encode = Hashed()
    found = align_products(
        PRODUCTS,
        draft,
        TAXONOMY,
        vectors=encode([each.title for each in PRODUCTS]),
        meanings=Meanings(encode),
    )
    assert found.categories[TYPED, 0].tolist() == RIGHT


def test_confidences_fall_from_the_first_to_the_third() -> None:
    found = align_products(PRODUCTS, extract(PRODUCTS), TAXONOMY)
    assert (np.diff(found.confidence, axis=1) <= 0).all()
    assert found.confidence.dtype == np.float32
    assert found.categories.dtype == np.int32


def test_a_type_that_is_no_type_is_doubted_where_titles_say_otherwise() -> None:
    """A "sharpener" stands in the type field of mugs by mistake; the encoder reads mugs in every title."""
    products = [product(number, f"Mug Cup Mug {number}", "sharpener") for number in range(6)]
    encode = Hashed()
    draft = extract(products)
    vectors = encode(["Mugs"] * 6)

    by_type = align_products(products, draft, TAXONOMY)
    by_all = align_products(products, draft, TAXONOMY, vectors=vectors, meanings=Meanings(encode))

    assert by_type.categories[0, 0] != MUGS
    assert by_all.categories[0, 0] == MUGS


def test_a_product_of_which_nothing_is_known_is_unsure() -> None:
    """雨鞋 (rain boots) is none of a kitchen's things, and the encoder does not read it."""
    products = [*PRODUCTS, product(8, "儿童防滑雨鞋", "雨鞋")]
    encode = Hashed()
    draft = extract(products)
    vectors = encode([each.title for each in products])
    for found in (
        align_products(products, draft, TAXONOMY),
        align_products(products, draft, TAXONOMY, vectors=vectors, meanings=Meanings(encode)),
    ):
        assert found.confidence[8, 0] < 0.5 < found.confidence[6, 0]


def test_the_same_input_gives_the_same_alignment() -> None:
    one, other = (align_products(PRODUCTS, extract(PRODUCTS), TAXONOMY) for _ in range(2))
    np.testing.assert_array_equal(one.categories, other.categories)
    np.testing.assert_array_equal(one.confidence, other.confidence)


@pytest.mark.parametrize("count", [0, 1])
def test_a_shop_of_none_or_one_product(count: int) -> None:
    products = PRODUCTS[2 : 2 + count]
    found = align_products(products, extract(products), TAXONOMY)
    assert found.categories.shape == (count, 3)
    assert found.categories[:, 0].tolist() == [WOKS] * count


def test_a_taxonomy_of_one_category_leaves_the_other_places_empty() -> None:
    small = Taxonomy("small", TAXONOMY.concepts[WOKS : WOKS + 1], [], ids=["w"], category_attributes=[()])
    found = align_products(PRODUCTS, extract(PRODUCTS), small)
    assert found.categories[2].tolist() == [0, -1, -1]
    assert found.confidence[2, 1:].tolist() == [0, 0]
