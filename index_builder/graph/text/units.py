"""Units that titles use, and one name for each amount, whichever unit it was written in (pint converts)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pint

from index_builder.graph.evidence import Label

_WRITTEN = {
    "millimeter": "mm,millimeter,millimeters,millimetre,millimetres,毫米",
    "centimeter": "cm,cms,centimeter,centimeters,centimetre,centimetres,厘米,公分",
    "meter": "m,mtr,mtrs,meter,meters,metre,metres,米",
    "inch": "in,inch,inches,inch(es),\",'',″,′′,”,“,英寸,吋",
    "foot": "ft,foot,feet,',′,’,英尺",
    "yard": "yd,yds,yard,yards,码",
    "rack_unit": "u",
    "kilobyte": "kb,kbyte",
    "megabyte": "mb,mbyte,mbytes,megabyte,megabytes,兆",
    "gigabyte": "gb,gbyte,gbytes,gigabyte,gigabytes",
    "terabyte": "tb,tbyte,tbytes,terabyte,terabytes",
    "petabyte": "pb",
    "milliampere_hour": "mah,毫安,毫安时",
    "ampere_hour": "ah,安时",
    "watt_hour": "wh,瓦时",
    "kilowatt_hour": "kwh,度电",
    "watt": "w,watt,watts,瓦",
    "kilowatt": "kw,千瓦",
    "volt_ampere": "va",
    "kilovolt_ampere": "kva",
    "joule": "j,joule,joules",
    "milliliter": "ml,milliliter,milliliters,millilitre,millilitres,毫升",
    "centiliter": "cl,centiliter,centilitre",
    "liter": "l,ltr,liter,liters,litre,litres,升,公升",
    "fluid_ounce": "oz,fl oz,fl. oz,fl.oz,ounce,ounces,fluid ounce,fluid ounces",
    "gallon": "gal,gallon,gallons,加仑",
    "gram": "g,gr,gram,grams,克",
    "kilogram": "kg,kgs,kilogram,kilograms,kilo,kilos,千克,公斤",
    "pound": "lb,lbs,pound,pounds,磅",
    "jin": "斤",
    "sheet": "sheet,sheets,sheet(s),sh,张,抽",
    "page": "page,pages,page(s),pgs,页",
    "piece": "pc,pcs,pc(s),piece,pieces,piece(s),片,个,支,只,件,枚,粒,块,条,根",
    "pack": "pack,packs,pk,pack(s),包,盒,袋,瓶,罐",
    "set": "set,sets,套",
    "pair": "pair,pairs,双,对",
    "roll": "roll,rolls,roll(s),卷",
    "label": "labels,label(s)",
    "license": "license,licenses,licence,licences,license(s),licence(s),user,users,user(s)",
    "capsule": "capsule,capsules,capsule(s),胶囊",
    "tablet": "tablets,tablet(s)",
    "count": "ct,count",
}
UNITS = {written: unit for unit, names in _WRITTEN.items() for written in names.split(",")}
"""Pint's unit by how it is written, in normal form. Things that are counted are units of their own."""

WEIGHTS = frozenset({"gram", "kilogram", "pound", "jin"})
_LENGTHS = frozenset({"millimeter", "centimeter", "meter", "inch", "foot", "yard"})
_COUNTED = frozenset(
    {
        "rack_unit", "sheet", "page", "piece", "pack", "set", "pair", "roll", "label", "license", "capsule",
        "tablet", "count",
    }
)  # fmt: skip
_STEPS: dict[str, tuple[tuple[str, str], ...]] = {
    "[length]": (("meter", "m"), ("centimeter", "cm"), ("millimeter", "mm")),
    "charge": (("milliampere_hour", "mAh"),),
    "watt_hour": (("watt_hour", "Wh"),),
    "watt": (("watt", "W"),),
    "volt_ampere": (("volt_ampere", "VA"),),
    "joule": (("joule", "J"),),
    "volume": (("liter", "l"), ("milliliter", "ml")),
    "mass": (("kilogram", "kg"), ("gram", "g")),
}
"""Units to name an amount in, the first that leaves a number of 1 or more."""

_BYTE_STEPS = ("kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte")
_BYTE_SIGNS = ("KB", "MB", "GB", "TB", "PB")

_FAMILY = {
    **dict.fromkeys(_LENGTHS, "[length]"),
    **dict.fromkeys(_BYTE_STEPS, "byte"),
    **dict.fromkeys(("milliampere_hour", "ampere_hour"), "charge"),
    **dict.fromkeys(("watt_hour", "kilowatt_hour"), "watt_hour"),
    **dict.fromkeys(("watt", "kilowatt"), "watt"),
    **dict.fromkeys(("volt_ampere", "kilovolt_ampere"), "volt_ampere"),
    "joule": "joule",
    **dict.fromkeys(("milliliter", "centiliter", "liter", "fluid_ounce", "gallon"), "volume"),
    **dict.fromkeys(WEIGHTS, "mass"),
}


def label_of(unit: str) -> Label:
    return Label.SIZE if unit in _LENGTHS or unit == "rack_unit" else Label.CAPACITY


def is_length(unit: str) -> bool:
    return unit in _LENGTHS


def amount_name(numbers: Sequence[float], unit: str) -> str:
    """The one name of an amount, or of sides (lengths) that multiply.

    >>> amount_name([15.6], "inch"), amount_name([39.6], "centimeter"), amount_name([0.5], "terabyte")
    ('39.6 cm', '39.6 cm', '500 GB')
    >>> amount_name([210, 297], "millimeter"), amount_name([2], "rack_unit"), amount_name([1], "piece")
    ('21 x 29.7 cm', '2 U', '1 piece')
    """
    if unit in _COUNTED:
        return f"{_number(numbers[0])} {'U' if unit == 'rack_unit' else unit}"
    if _FAMILY[unit] == "byte":
        return _bytes_name(numbers[0], unit)
    steps = _STEPS[_FAMILY[unit]]
    largest = max(numbers)
    step, sign = next((each for each in steps if _rounded(largest * _factor(unit, each[0])) >= 1), steps[-1])
    values = [_rounded(number * _factor(unit, step)) for number in numbers]
    return f"{' x '.join(_number(value) for value in values)} {sign}"


def _bytes_name(number: float, unit: str) -> str:
    """Memory counts in powers of two, disks in thousands: 1,024 MB are 1 GB, and so are 1,000 MB; 0.25 GB are
    256 MB, while 0.5 TB are 500 GB.
    """
    step = _BYTE_STEPS.index(unit)
    while number >= 1000 and step < len(_BYTE_STEPS) - 1:
        number /= 1024 if number % 512 == 0 and number % 1000 else 1000
        step += 1
    while number < 1 and step:
        step -= 1
        in_memory = _BYTE_STEPS[step] == "megabyte" and (number * 64).is_integer()
        number *= 1024 if in_memory else 1000
    return f"{_number(_rounded(number))} {_BYTE_SIGNS[step]}"


def _rounded(value: float) -> float:
    """Three significant digits, which makes one of what an inch and a centimetre round differently; whole
    numbers stay.
    """
    nearest = round(value)
    if abs(value - nearest) < 1e-9 * max(1.0, abs(value)):
        return float(nearest)
    return float(f"{value:.3g}")


def _number(value: float) -> str:
    return f"{value:.10g}"


def converted(number: float, unit: str, target: str) -> float:
    """The same amount in another unit of its kind."""
    return number * _factor(unit, target)


@cache
def _registry() -> pint.UnitRegistry[Any]:
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry()
    registry.define("jin = 500 * gram")
    return registry


@cache
def _factor(unit: str, target: str) -> float:
    return float(_registry().Quantity(1.0, unit).to(target).magnitude)
