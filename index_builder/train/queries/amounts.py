"""Amounts in queries and titles, and the other ways to write one: 15.6", 15.6 inch, 39.6 cm."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from engine.text import normalise
from index_builder.graph.text.folded import fold
from index_builder.graph.text.quantities import other_measures, quantities
from index_builder.graph.text.units import UNITS, converted

_AMOUNT = re.compile(r"(?<![\w.,/-])(\d{1,5}(?:[.,]\d{1,2})?)(\s?)([a-z]{1,6}|[\"″])(?![\w/])")
_SIGNS = {
    "inch": (" inch", '"', "inch", " in"),
    "centimeter": (" cm", "cm"),
    "millimeter": (" mm", "mm"),
    "meter": (" m", "m"),
    "foot": (" ft", "ft", " feet"),
    "megabyte": (" mb", "mb"),
    "gigabyte": (" gb", "gb"),
    "terabyte": (" tb", "tb"),
    "liter": (" l", "l", " liter"),
    "milliliter": (" ml", "ml"),
    "watt": (" w", "w", " watt"),
    "sheet": (" sheets", "sheets"),
    "piece": (" pcs", "pcs", " pieces"),
}
"""How shoppers write a unit behind its number."""
_OTHERS = {
    "inch": ("centimeter",),
    "centimeter": ("inch", "millimeter"),
    "millimeter": ("centimeter",),
    "meter": ("foot",),
    "foot": ("meter",),
    "gigabyte": ("terabyte",),
    "terabyte": ("gigabyte",),
    "liter": ("milliliter",),
    "milliliter": ("liter",),
}


def amounts(text: str) -> frozenset[str]:
    """The names of the sizes and capacities in a text; one name for each amount, whatever its unit.

    >>> amounts('cable 6 ft') == amounts("Cable 1.83m, black")
    True
    """
    return frozenset(quantity.name for quantity in quantities(fold(normalise(text))))


def without_amounts(text: str) -> str:
    """The text folded, with blanks where amounts and other measures (volts, pixels, rates) stood."""
    folded = fold(text)
    letters = list(folded.text)
    for start, end in [(each.start, each.end) for each in quantities(folded)] + other_measures(folded):
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def with_other_unit(text: str, chance: np.random.Generator) -> str | None:
    """The text with one of its amounts written in another way that means the same; None without any."""
    found = [match for match in _AMOUNT.finditer(text) if UNITS.get(match[3]) in _SIGNS]
    if not found:
        return None
    match = found[int(chance.integers(len(found)))]
    before, after = text[: match.start()], text[match.end() :]
    same = amounts(text)
    written = [
        f"{before}{other}{after}"
        for other in _ways(match[1], UNITS[match[3]])
        if other != match.group()
        and (_with_blank(other) == _with_blank(match.group()) or amounts(f"{before}{other}{after}") == same)
    ]
    return written[int(chance.integers(len(written)))] if written else None


def _ways(number: str, unit: str) -> Iterator[str]:
    value = float(number.replace(",", "."))
    for sign in _SIGNS[unit]:
        yield f"{number}{sign}"
    for other in _OTHERS.get(unit, ()):
        amount = converted(value, unit, other)
        short = f"{amount:.3f}" if other == "terabyte" else f"{amount:.1f}"
        short = short.rstrip("0").rstrip(".")
        if 0.1 <= amount < 10_000:
            for sign in _SIGNS[other][:2]:
                yield f"{short}{sign}"


def _with_blank(written: str) -> str:
    return re.sub(r"(?<=\d)(?=[a-z])", " ", written)
