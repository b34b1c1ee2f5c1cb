"""Which attribute says what: colours, materials, product types, compatibility, or just a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from engine.product_texts import is_name
from engine.text import has_cjk, normalise
from engine.types import AttributeValue

MAX_VALUE_LENGTH = 60
"""Longer texts are prose, not a value that several products share."""

_LIST = re.compile(r"\s*[;,|\n]\s*|\\n|\s+/\s+")
_SLASH = re.compile(r"/")
_LETTERS = re.compile(r"[^\W\d_]")
_MEASURE = re.compile(r"^[\d\s.,x×*/+()°<>≤≥~-]+(?:[^\W\d_]{1,3})?$")
_KEY_WORDS = re.compile(r"[^\W_]+")
_PLACEHOLDER_LIST = """
y,n,yes,no,none,n/a,na,unknown,unspecified,other,others,various,true,false,无,其他,是,否
not supported,not available,not applicable,see description
"""
_PLACEHOLDERS = frozenset(re.split("[,\n]", _PLACEHOLDER_LIST.strip()))


class Role(StrEnum):
    """How the values of an attribute enter the graph."""

    COLOR = "color"
    MATERIAL = "material"
    PRODUCT_TYPE = "product_type"
    COMPATIBILITY = "compatibility"
    LABEL = "label"
    """A name of the product itself, in another language: no node of its own."""
    VALUE = "value"


_TYPE_KEYS = frozenset({"product_type", "producttype", "type_of_product", "item_type", "商品类型", "类型"})
_COLOR_WORDS = frozenset({"color", "colour", "colors", "colours", "颜色"})
_MATERIAL_WORDS = frozenset({"material", "materials", "材质", "材料"})
_COMPATIBILITY_KEYS = frozenset(
    {
        "compatibility", "compatible_with", "compatible_products", "compatible_models", "compatible_devices",
        "compatible_printers", "fits", "suitable_for", "works_with", "accessory_for", "spare_part_for",
        "printer_compatibility", "device_compatibility", "适用", "适用型号", "兼容",
    }
)  # fmt: skip


def role_of(key: str) -> Role:
    """The role of an attribute, from its key alone.

    >>> role_of("cable_colour"), role_of("compatible_with"), role_of("finish")
    (<Role.COLOR: 'color'>, <Role.COMPATIBILITY: 'compatibility'>, <Role.VALUE: 'value'>)
    """
    name = normalise(key).replace(" ", "_")
    words = _KEY_WORDS.findall(name)
    if name in _TYPE_KEYS:
        return Role.PRODUCT_TYPE
    if name in _COMPATIBILITY_KEYS:
        return Role.COMPATIBILITY
    if is_name(key):
        return Role.LABEL
    if words and words[-1] in _COLOR_WORDS:
        return Role.COLOR
    if words and words[-1] in _MATERIAL_WORDS:
        return Role.MATERIAL
    return Role.VALUE


def key_phrase(key: str) -> str:
    """`wi_fi` as a shopper would say it: `wi fi`."""
    return " ".join(_KEY_WORDS.findall(key))


def texts_of(value: AttributeValue) -> tuple[str, ...]:
    """The texts of a value; numbers and booleans have none."""
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()


def values_of(value: AttributeValue, *, split_slash: bool = False) -> Iterator[str]:
    """Single values, as written, that are worth a node: lists are split, placeholders, measures, bare
    numbers and prose are left out.

    >>> list(values_of("SD,SDHC; Not supported,12 x 4"))
    ['SD', 'SDHC']
    """
    for text in texts_of(value):
        if len(text) > MAX_VALUE_LENGTH * 4:
            continue
        for part in _LIST.split(text):
            for piece in _SLASH.split(part) if split_slash else (part,):
                clean = _without_lone_brackets(" ".join(piece.split()).strip(" .:-•*"))
                if _is_worth_a_node(clean):
                    yield clean


def _without_lone_brackets(text: str) -> str:
    """A list cut inside brackets leaves halves of them behind."""
    return text if text.count("(") == text.count(")") else text.replace("(", "").replace(")", "").strip()


def _is_worth_a_node(text: str) -> bool:
    if not 1 <= len(text) <= MAX_VALUE_LENGTH or _LETTERS.search(text) is None:
        return False
    if len(text) == 1 and not has_cjk(text):
        return False
    name = normalise(text)
    return name not in _PLACEHOLDERS and _MEASURE.match(name) is None
