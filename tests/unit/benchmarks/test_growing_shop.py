"""The made-up shop of the benchmarks is the same for the same seed, and skewed like a real one."""

from collections import Counter

from benchmarks.graph_update import changed
from benchmarks.growing_shop import GrowingShop, Sizes


def test_the_same_seed_makes_the_same_shop() -> None:
    one, two, other = (GrowingShop(Sizes.of(50), seed) for seed in (7, 7, 8))
    assert list(one.products()) == list(two.products()) != list(other.products())
    assert one.queries(20) == two.queries(20)


def test_products_have_ids_of_their_own_and_few_brands_have_most_of_them() -> None:
    products = list(GrowingShop(Sizes.of(2000), 7).products())
    assert len({product.id for product in products}) == 2000
    brands = Counter(product.brand for product in products)
    largest = sum(count for _, count in brands.most_common(len(brands) // 5))
    assert largest > 0.6 * len(products)  # a fifth of the brands
    values = Counter(value for product in products for value in product.attributes.items())
    once = sum(count == 1 for count in values.values())
    assert once > 0.5 * len(values)


def test_a_day_later_a_hundredth_of_the_products_is_not_what_it_was() -> None:
    products = list(GrowingShop(Sizes.of(2000), 7).products())
    later = changed(products, 0.01, 7)
    assert later == changed(products, 0.01, 7)
    # Of 20 products, 2 are gone, 2 are copied as new ones and 16 are edited.
    before, after = ({product.id: product for product in each} for each in (products, later))
    assert len(before.keys() - after.keys()) == 2
    assert len(after.keys() - before.keys()) == 2
    assert sum(before[name] != after[name] for name in before.keys() & after.keys()) == 16
