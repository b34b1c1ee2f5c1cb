from engine.types import AttributeValue, Product, ProductId
from index_builder.graph.title_types import title_types

COLORS = ("Black", "Red", "Blue")
BRANDS = ("Acme", "Bolt", "Corv", "Dyne")
KINDS: dict[str, dict[str, AttributeValue]] = {
    "desk lamp": {"lumen": 400.0, "socket": "E27"},
    "desk fan": {"airflow": 20.0, "speeds": 3.0},
    "fan grille": {"diameter": 30.0},
}
SHELF = [
    Product(
        ProductId(kind),
        f"{brand} Zephyr K{number} {kind} {color}",
        brand,
        attributes=keys,
    )
    for brand in BRANDS
    for number, color in enumerate(COLORS)
    for kind, keys in KINDS.items()
]


def types_of(*titles: str) -> list[str]:
    products = [*SHELF, *(Product(ProductId(title), title, title.split()[0]) for title in titles)]
    return title_types(products, modifiers=("black", "red", "blue"), min_products=5)[len(SHELF) :]


def test_the_head_takes_along_the_words_that_often_stand_before_it() -> None:
    types = title_types(SHELF, modifiers=("black", "red", "blue"))
    assert types[:3] == ["desk lamp", "desk fan", "fan grille"]


def test_a_word_inside_a_longer_name_is_not_the_type() -> None:
    assert types_of("Acme K9 fan grille Red") == ["fan grille"]


def test_what_follows_for_and_with_does_not_hide_the_type() -> None:
    assert types_of("Acme K9 desk lamp with clamp") == ["desk lamp"]


def test_plurals_are_the_same_type() -> None:
    assert types_of("Acme desk lamps Black") == ["desk lamp"]


def test_a_title_without_a_known_head_has_no_type() -> None:
    assert types_of("Acme Zephyr 9000") == [""]


def test_a_word_of_one_brand_only_is_a_series_not_a_type() -> None:
    products = [
        Product(ProductId(str(number)), f"Acme Lumidor {number}", "Acme", attributes={"lumen": 1.0})
        for number in range(20)
    ]
    assert set(title_types(products)) == {""}
