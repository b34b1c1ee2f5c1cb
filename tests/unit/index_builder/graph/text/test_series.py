from collections.abc import Sequence

from engine.types import Product
from index_builder.graph.facts import extract
from index_builder.graph.text.knowledge import learn
from tests.unit.index_builder.graph.text.shop import product, shop


def series(products: Sequence[Product], text: str, brand: str) -> list[str]:
    knowledge = learn(products, extract(products))
    return [text[match.start : match.end] for match in knowledge.series.find(text, brand)]


def test_a_word_that_opens_three_titles_of_one_brand_is_its_series() -> None:
    assert series(shop(), "nordlys aurora kx-9 desk lamp", "nordlys") == ["aurora"]


def test_a_series_belongs_to_its_brand_alone() -> None:
    assert series(shop(), "acme aurora desk lamp", "acme") == []


def test_a_word_that_other_brands_write_is_no_series() -> None:
    others = [product(f"Acme {size} Aurora desk lamp", "Acme") for size in ("Small", "Big", "Tiny")]

    # Nordlys opens 4 titles with it, Acme writes it in 3: 3 * 3 > 4.
    assert series([*shop(), *others], "nordlys aurora kx-9", "nordlys") == []


def test_a_longer_name_is_found_where_it_is_used_often() -> None:
    longer = [product(f"Nordlys Aurora Mega KX-220{n} desk lamp", "Nordlys") for n in range(3)]

    assert series([*shop(), *longer], "nordlys aurora mega kx-9", "nordlys") == ["aurora mega"]


def test_a_series_that_an_attribute_states_needs_no_second_title() -> None:
    stated = product("Acme desk lamp Zephyr", "Acme", series="Zephyr")

    assert series([*shop(), stated], "acme zephyr desk lamp", "acme") == ["zephyr"]
