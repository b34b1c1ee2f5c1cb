"""A shop of ten products for tests of the graph: printers, what fits them, and a little in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from engine.types import AttributeValue, Product, ProductId


def _product(
    number: int, title: str, brand: str, category: tuple[str, ...], **attributes: AttributeValue
) -> Product:
    return Product(ProductId(f"P {number}"), title, brand, category=category, attributes=attributes)


PRINTERS = ("Office", "Printers")
SUPPLIES = ("Office", "Supplies")
INK: Mapping[str, AttributeValue] = {"product_type": "ink cartridge", "compatibility": "Inko LX200, LX300"}
TONER: Mapping[str, AttributeValue] = {"product_type": "toner cartridge", "compatibility": ("Tono M5",)}
PHOTO: Mapping[str, AttributeValue] = {"product_type": "photo printer"}
PRINTER: Mapping[str, AttributeValue] = {"product_type": "printer", "wi_fi": True}
PAPER: Mapping[str, AttributeValue] = {"product_type": "paper"}
CHAIR: Mapping[str, AttributeValue] = {"product_type": "chair", "material": "Velvet"}
MOUSE: Mapping[str, AttributeValue] = {"product_type": "鼠标", "title_en": "Mouse"}

PRODUCTS = (
    _product(0, "Inko LX200 photo printer White", "Inko", PRINTERS, color="White", **PHOTO),
    _product(1, "Tono M5 laser printer Grey", "Tono", PRINTERS, color="Gray", **PRINTER),
    _product(2, "Inko LX300 printer Black", "Inko", PRINTERS, color="black", **PRINTER),
    _product(3, "Inko 20 ink cartridge Black", "Inko", SUPPLIES, color="Black", yield_pages=300.0, **INK),
    _product(4, "Inko 20 ink cartridge Cyan", "Inko", SUPPLIES, color="Cyan", **INK),
    _product(5, "Tono 5 toner cartridge Black", "Tono", SUPPLIES, color="Black", **TONER),
    _product(6, "Inko glossy photo paper A4", "Inko", SUPPLIES, finish="glossy", sheet="A4", **PAPER),
    _product(7, "Tono office paper A4", "Tono", SUPPLIES, finish="Matte", size="a4", **PAPER),
    _product(8, "Velvet office chair Dark Green", "Sitwell", ("Home",), color="Dark Green", **CHAIR),
    _product(9, "黑色 无线 鼠标", "轻点", ("Computers",), color="黑色", **MOUSE),
)
