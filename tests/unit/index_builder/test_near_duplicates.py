from __future__ import annotations

import numpy as np
import pytest

from engine.types import AttributeValue, Product, ProductId
from index_builder.quality.near_duplicates import _elements, find_near_duplicates, jaccard


def product(name: str, title: str, description: str = "", **attributes: AttributeValue) -> Product:
    return Product(ProductId(name), title, description=description, attributes=attributes)


def test_jaccard_is_shared_over_all() -> None:
    first, second = np.array([1, 2, 3, 4], np.uint64), np.array([3, 4, 5], np.uint64)

    assert jaccard(first, second) == pytest.approx(2 / (4 + 3 - 2))


def test_similarity_counts_runs_of_three_words_and_statements() -> None:
    twins = [
        product("1", "one two three four five six seven", colour="red"),  # 5 runs + 1 statement = 6
        product("2", "one two three four five six seven", colour="blue"),
    ]

    (group,) = find_near_duplicates(twins, threshold=0.7)

    assert group.ids == ("1", "2")
    assert group.lowest_similarity == pytest.approx(5 / (6 + 6 - 5))
    assert find_near_duplicates(twins, threshold=0.72) == ()


def test_unlike_products_make_no_group() -> None:
    assert (
        find_near_duplicates([product("1", "oak chair"), product("2", "desk lamp"), product("3", "")]) == ()
    )


def test_chinese_titles_are_compared_by_characters() -> None:
    title = "黑色办公用激光打印机墨盒适用于多种型号的打印机"
    groups = find_near_duplicates(
        [product("1", title), product("2", title + "新"), product("3", "红色玻璃水杯")]
    )

    assert [group.ids for group in groups] == [("1", "2")]


def test_identifiers_that_tell_every_copy_apart_do_not_hide_that_they_are_copies() -> None:
    copies = [product(str(n), "the same short title", ean=f"{n:013}") for n in range(30)]

    assert [len(group.ids) for group in find_near_duplicates(copies)] == [30]


def test_small_steps_do_not_chain_unlike_products_into_one_group() -> None:
    words = [f"word{n}" for n in range(60)]
    steps = [product(str(n), " ".join(words[n : n + 40])) for n in range(20)]

    groups = find_near_duplicates(steps, threshold=0.8)

    # 40 words have 38 runs; k steps apart share 38 - k: similarity (38 - k) / (38 + k) >= .8 up to k = 4
    assert groups[0].ids == ("0", "1", "2", "3", "4")
    assert groups[0].lowest_similarity == pytest.approx((38 - 4) / (38 + 4))


def test_groups_are_those_of_comparing_every_pair() -> None:
    """The exact oracle: the same rule, without the prefix filter."""
    choose = np.random.default_rng(7)
    vocabulary = [f"w{n}" for n in range(40)]
    families = [[str(choose.choice(vocabulary)) for _ in range(choose.integers(5, 41))] for _ in range(25)]
    products = []
    for row in range(150):
        words = list(families[choose.integers(len(families))])
        for _ in range(choose.integers(0, 4)):
            words[choose.integers(len(words))] = str(choose.choice(vocabulary))
        products.append(product(str(row), " ".join(words), colour=str(choose.choice(["red", "blue"]))))

    for threshold in (0.5, 0.7, 0.9, 1.0):
        found = [(group.ids, group.lowest_similarity) for group in find_near_duplicates(products, threshold)]
        assert found == _by_every_pair(products, threshold)
        assert found


def _by_every_pair(products: list[Product], threshold: float) -> list[tuple[tuple[str, ...], float]]:
    numbering: dict[str, int] = {}
    sets = [_elements(product, frozenset(), numbering) for product in products]
    members: dict[int, list[tuple[int, float]]] = {}
    for row, elements in enumerate(sets):
        similar = [(jaccard(elements, sets[opener]), -opener) for opener in members]
        best = max((pair for pair in similar if pair[0] >= threshold), default=None)
        if best is None:
            members[row] = [(row, 1.0)]
        else:
            members[-best[1]].append((row, best[0]))
    return [
        (tuple(products[row].id for row, _ in group), min(similarity for _, similarity in group))
        for group in members.values()
        if len(group) > 1
    ]
