from __future__ import annotations

import pytest

from engine.types import Product
from index_builder.graph.relations.compatible import VARIANT_FACTOR, find_compatible
from index_builder.graph.relations.devices import EXACT, MODEL_ALONE, SERIES, SUFFIX, Devices
from index_builder.graph.relations.variants import find_variants
from index_builder.graph.vocabulary import Term
from tests.unit.index_builder.graph.relations.shelf import drafted, product

PRINTERS = [
    product("p1", "Acme WideJet 4200n printer", "Acme"),
    product("p2", "Acme WideJet 4200dtn printer", "Acme"),
    product("p3", "Acme MFC-7420 copier", "Acme"),
    product("p4", "Bolt 4200n office printer", "Bolt"),
    product("p5", "Acme 250 GB hard disk", "Acme"),
]


@pytest.mark.parametrize(
    ("text", "brand", "expected"),
    [
        ("Acme WideJet 4200n", "", {0: EXACT}),
        ("WideJet 4200n Printer", "Acme", {0: EXACT}),
        ("WideJet 4200 series", "Acme", {0: SERIES, 1: SERIES}),
        ("WideJet 4200", "Acme", {0: SUFFIX, 1: SUFFIX}),
        ("MFC7420", "Acme", {2: EXACT}),
        ("Acme Office MFC-7420", "Bolt", {2: MODEL_ALONE}),
        ("WideJet 4200n", "Bolt", {3: MODEL_ALONE}),
        ("WideJet", "Acme", {}),
        ("250 GB", "Acme", {}),
        ("", "Acme", {}),
    ],
)
def test_a_device_is_found_by_its_names(text: str, brand: str, expected: dict[int, float]) -> None:
    devices = Devices(drafted(PRINTERS), PRINTERS)

    found = {each.row: each.confidence for each in devices.named_by(text, brand=brand)}

    assert found == expected


def test_a_name_of_a_hundred_products_says_nothing() -> None:
    many = [product(str(place), "Acme WideJet 4200n printer", "Acme") for place in range(100)]

    assert Devices(drafted(many), many).named_by("WideJet 4200n", brand="Acme") == []


def test_a_word_that_accessories_bear_tells_them_from_devices() -> None:
    """Ten kits say what they fit; an eleventh, titled after its printer, does not."""
    kits = [
        product(f"k{place}", "Acme Fuser kit", "Acme", compatibility=f"Jet {place}") for place in range(10)
    ]
    silent = product("s", "Acme WideJet 4200n kit", "Acme")

    devices = Devices(drafted([*PRINTERS, silent, *kits]), [*PRINTERS, silent, *kits])

    assert [each.row for each in devices.named_by("WideJet 4200n", brand="Acme")] == [0]
    assert len(PRINTERS) not in devices


def pairs(products: list[Product]) -> dict[tuple[int, int], tuple[Term, float]]:
    draft = drafted(products)
    found = find_compatible(draft, products, find_variants(draft, products))
    return {(pair.subject, pair.object): (pair.predicate, pair.confidence) for pair in found}


def test_a_list_of_devices_ties_the_ink_to_each_and_to_their_variants_less_surely() -> None:
    ink = product("i", "Acme Ink black", "Acme", compatibility="WideJet 4200n, Acme MFC-7420")

    assert pairs([*PRINTERS, ink]) == {
        (5, 0): (Term.ACCESSORY_FOR, EXACT),
        (5, 1): (Term.ACCESSORY_FOR, round(EXACT * VARIANT_FACTOR, 4)),
        (5, 2): (Term.ACCESSORY_FOR, EXACT),
    }


def test_an_accessory_named_after_its_device_is_no_device() -> None:
    ink = product("i", "Acme Ink black", "Acme", compatibility="WideJet 4200n")
    kit = product("k", "Acme WideJet 4200n fuser kit", "Acme", compatibility="WideJet 4200n")

    assert set(pairs([*PRINTERS, ink, kit])) == {(5, 0), (5, 1), (6, 0), (6, 1)}


def test_a_spare_part_is_a_part() -> None:
    roller = product("r", "Acme Roller", "Acme", spare_part_for="WideJet 4200n")

    assert pairs([*PRINTERS, roller])[5, 0] == (Term.PART_OF, EXACT)


def test_chinese_statements_name_devices_too() -> None:
    shop = [
        product("p", "雷鸟 WF-2630 打印机", "雷鸟"),
        product("i", "墨盒 黑色", "雷鸟", 适用="WF-2630打印机"),
    ]

    assert set(pairs(shop)) == {(1, 0)}
