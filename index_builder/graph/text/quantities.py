"""Numbers with units in titles and descriptions: sizes and capacities, each with one name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.text import has_cjk
from index_builder.graph.evidence import Label
from index_builder.graph.text.folded import Folded, is_word_edge
from index_builder.graph.text.units import UNITS, WEIGHTS, amount_name, converted, is_length, label_of

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:[.,]\d+)?|\.\d+)"
_FRACTION = r"(?:(?:\d+[ -])?\d{1,2}[/⁄]\d{1,2})"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=lambda unit: (-len(unit), unit)))
_SIDE = re.compile(rf"({_FRACTION}|{_NUMBER})\s?({_UNIT})?(?:\s?[wdhl](?![^\W_]))?")
_SIDES = re.compile(rf"{_SIDE.pattern}(?:\s?[x×*]\s?{_SIDE.pattern}){{1,2}}")
_SINGLE = re.compile(rf"(?:({_FRACTION})|({_NUMBER})(?:[/–-]({_NUMBER}))?)(\s?-?\s?)({_UNIT})")
_SET = re.compile(r"\b(?:pack|box|set) of (\d{1,5})(?!\d)")
_PAPER = re.compile(r"(?:din |iso )?(?:a(?:10|\d)|b[456])\+{0,2}")
_ZERO_U = re.compile(r"zero[ -]?u|0u")
_LOAD = re.compile(r"(?:load|supports?|holds?|up to|max(?:\.|imum)?|承重|载重)[^.;]{0,20}$")
_RATE = re.compile(r"\s?/\s?(?:s|sec|min|h|hr|m2|m²|m|f)(?![^\W_])|ps(?![^\W_])")
_TIGHT = frozenset("\"'′″”“’u")
"""Units that mean something else after a blank."""
_SHORT = frozenset({"m", "l", "w", "g", "j", "u", "in", "ah", "va", "sh", "pk", "ct", "'", "’", "′"})
"""Units that may as well be the end of a part number."""
_AFTER_IN = re.compile(r"[\s-](?:\d|an?\b|the\b|one\b|stock\b|box\b|pack\b|use\b)")
_LINE_SPEEDS = frozenset({1.0, 2.5, 5.0, 10.0, 25.0, 40.0, 100.0})
_BITS = re.compile(r"[MG]b$")


_OTHER = re.compile(
    r"\d[\d.,/–-]*(?:\s?x\s?\d[\d.,]*)?\s?-?"
    r"(?:[gmk]?hz|[kmg]?bit(?:/s)?|[kmgt]?bps|[kmg]b/s|mt/s|m?v(?:ac|dc)?|m?a|dpi|pixels?|mp|megapixels?|rpm|ppm|cpm"
    r"|db|nm|awg|lux|lm|lumens?|fps|°c?|%|k|x|(?<=\d\d\d)p|years?|months?|ports?|-?pins?|way|outlets?|cores?)(?![^\W_])"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Characters `[start, end)` of the folded text."""

    start: int
    end: int
    label: Label
    name: str


def quantities(folded: Folded) -> list[Quantity]:
    """In order, without overlaps. Speeds, rates, voltages, resolutions, weights of the product itself (unless
    a word of load stands before) are none.

    >>> from index_builder.graph.text.folded import fold
    >>> [(found.name, found.label.value) for found in quantities(fold('Case 15.6", 2 x 3,5cm, 0.5TB, 30m/s'))]
    [('39.6 cm', 'size'), ('2 x 3.5 cm', 'size'), ('500 GB', 'capacity')]
    """
    found: list[Quantity] = []
    taken = 0
    for quantity in sorted(_candidates(folded), key=lambda each: (each.start, -each.end)):
        if quantity.start >= taken:
            found.append(quantity)
            taken = quantity.end
    return found


def other_measures(folded: Folded) -> list[tuple[int, int]]:
    """Spans of measures that are neither sizes nor capacities: volts, frequencies, rates, resolutions, counts
    of ports.
    """
    return [
        match.span() for match in _OTHER.finditer(folded.text) if is_word_edge(folded.text, match.start())
    ]


def _candidates(folded: Folded) -> Iterator[Quantity]:
    text = folded.text
    for match in _SIDES.finditer(text):
        if quantity := _area(text, match):
            yield quantity
    for match in _SINGLE.finditer(text):
        if quantity := _amount(folded, match):
            yield quantity
    for match in _SET.finditer(text):
        yield Quantity(match.start(), match.end(), Label.CAPACITY, amount_name([float(match[1])], "piece"))
    for match in _PAPER.finditer(text):
        if _stands_alone(text, match):
            yield Quantity(match.start(), match.end(), Label.SIZE, match.group().split()[-1].upper())
    for match in _ZERO_U.finditer(text):
        if _stands_alone(text, match):
            yield Quantity(match.start(), match.end(), Label.SIZE, "0 U")


def _area(text: str, match: re.Match[str]) -> Quantity | None:
    """Sides of which the last has a unit of length; a side without one has that of the next."""
    sides = [(side[1], UNITS.get(side[2] or "")) for side in _SIDE.finditer(match.group())]
    unit = sides[-1][1]
    if unit is None or not _stands_alone(text, match, strict=False):
        return None
    metres: list[float] = []
    for number, own in reversed(sides):
        unit = own or unit
        if not is_length(unit):
            return None
        metres.append(converted(_value(number), unit, "meter"))
    return Quantity(match.start(), match.end(), Label.SIZE, amount_name(metres[::-1], "meter"))


def _amount(folded: Folded, match: re.Match[str]) -> Quantity | None:
    text, end = folded.text, match.end()
    fraction, number, further, joint, written = match.groups()
    unit = UNITS[written]
    if fraction and (not is_length(unit) or _value(fraction) % 1 == 0):
        number, fraction = fraction.rpartition("/")[2], None
    value = _value(fraction or further or number)
    if value <= 0 or not _stands_alone(text, match, strict=written in _SHORT) or _RATE.match(text, end):
        return None
    if written in _TIGHT and (joint or (end < len(text) and text[end].isalnum())):
        return None
    if written == "in" and joint and _AFTER_IN.match(text, end):
        return None
    if unit in WEIGHTS and not has_cjk(written) and not _LOAD.search(text[: match.start()]):
        return None
    start, stop = folded.span(match.start(), end)
    if value in _LINE_SPEEDS and _BITS.search(folded.original[start:stop]):
        return None
    return Quantity(match.start(), end, label_of(unit), amount_name([value], unit))


def _stands_alone(text: str, match: re.Match[str], *, strict: bool = True) -> bool:
    """Whether no word goes on before or after it. `strict` also refuses what follows a letter and a hyphen or
    full stop, as in part numbers.
    """
    start, end = match.span()
    if not (is_word_edge(text, start) and is_word_edge(text, end)):
        return False
    if start > 1 and text[start - 1] in ".,⁄/" and text[start - 2].isdigit():
        return False
    return not (strict and start > 1 and text[start - 1] in "-./" and text[start - 2].isalnum())


def _value(written: str) -> float:
    """`1,000` is a thousand, `3,5` three and a half, `1 1/2` one and a half."""
    if "/" in written or "⁄" in written:
        whole, fraction = re.fullmatch(r"(?:(\d+)[ -])?(\d+[/⁄]\d+)", written).groups()  # type: ignore[union-attr]  # the pattern it was found by
        above, below = re.split("[/⁄]", fraction)
        return float(whole or 0) + float(above) / max(1.0, float(below))
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", written):
        return float(written.replace(",", ""))
    return float(written.replace(",", "."))
