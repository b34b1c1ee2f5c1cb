"""What of a product becomes searchable words, and that the same products give the same files."""

from __future__ import annotations

from pathlib import Path

from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.lexical_layout import FieldWeights, LexicalLayout
from engine.backends.lexical_text import everything, product_codes
from engine.types import Product, ProductId
from index_builder.lexical import build_lexical_index

LAMP = Product(
    ProductId("L-1"),
    "Floor lamp",
    "Lumo",
    "Stands alone",
    ("Home", "Lamps"),
    attributes={
        "colour": "warm white",
        "height_cm": 150.0,
        "dimmable": True,
        "power": "12",
        "certified": "Yes",
        "fits": ("E27 bulbs", "n/a"),
    },
)


def test_each_part_is_written_as_often_as_its_weight_says() -> None:
    weights = FieldWeights(title=3, brand=2, category=1, description=0, attributes=1)

    words = everything(LAMP, weights)

    assert words[:6] == ["floor", "lamp"] * 3
    assert words[6:8] == ["lumo"] * 2
    assert words[8:10] == ["home", "lamp"]
    assert words[10:] == ["warm", "white", "e27", "bulb"]  # no key, number, truth value or "not known"


def test_codes_are_the_id_barcodes_named_identifiers_and_compounds() -> None:
    product = Product(
        ProductId("SKU/0009"),
        "Track-ball MX_500 for PC",
        attributes={
            "GTIN": 12345678905.0,
            "part number": "AB-12",
            "note": "4006381333931",
            "width": 123456789.0,
            "pages": "240",
        },
    )

    assert product_codes(product) == ["sku0009", "12345678905", "ab12", "4006381333931", "trackball", "mx500"]


def test_the_same_products_give_the_same_bytes(tmp_path: Path) -> None:
    products = [LAMP, *(Product(ProductId(f"p{i}"), f"Lamp number {i}") for i in range(300))]

    for name in ("first", "second"):
        build_lexical_index(products, tmp_path / name)

    first = {file.name: file.read_bytes() for file in (tmp_path / "first").iterdir()}
    assert first == {file.name: file.read_bytes() for file in (tmp_path / "second").iterdir()}
    assert not any(name.startswith(".") for name in first)  # no lock is left behind


def test_other_products_give_another_segment(tmp_path: Path) -> None:
    build_lexical_index([LAMP], tmp_path / "one")
    build_lexical_index([Product(ProductId("x"), "Chair")], tmp_path / "other")

    assert {f.name for f in (tmp_path / "one").glob("*.term")} != {
        f.name for f in (tmp_path / "other").glob("*.term")
    }


def test_the_weights_are_kept_beside_the_index(tmp_path: Path) -> None:
    weights = FieldWeights(title=2, title_boost=0.1)

    report = build_lexical_index([LAMP], tmp_path, weights=weights)

    assert LexicalLayout.load(tmp_path) == LexicalLayout(1, weights)
    assert report.product_count == 1
    assert report.byte_count == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_a_shop_without_products_has_an_index_too(tmp_path: Path) -> None:
    build_lexical_index([], tmp_path)

    assert len(TantivyLexicalIndex.open(tmp_path).search("lamp", 5)) == 0
