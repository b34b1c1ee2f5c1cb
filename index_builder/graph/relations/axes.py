"""Reads a title as a template and the places where variants differ: colour, size, capacity, pack, language.

    "Acme Brush 2 m red, 3-pack"  ->  template "acme brush <size> <color> <pack>"
                                      color: red, size: 2 m, pack: 3-pack

Two products with the same template differ along these axes alone. Numbers without a unit stay in the
template: they tell models apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.text import has_cjk, normalise


class Axis(StrEnum):
    """Along what the variants of a product differ."""

    COLOR = "color"
    SIZE = "size"
    CAPACITY = "capacity"
    PACK = "pack"
    LANGUAGE = "language"
    MODEL = "model"
    """The letters that end a model number, or the model number itself."""


@dataclass(frozen=True, slots=True)
class TitleShape:
    """`template` is the normalised title with marks in place of the axes' values; `values` are those, each
    with its axis.
    """

    template: str
    values: tuple[tuple[Axis, str], ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What is left of the title, without the marks of the axes."""
        return tuple(word for word in self.template.split() if not word.startswith("<"))


_NUMBER = r"\d+(?:[.,/]\d+)*"
CAPACITY_UNITS = "kb|mb|gb|tb|ml|cl|l|litres?|liters?|mah|ah|wh|kwh|va|kva|g|kg|oz|lbs?|升|毫升|克|千克|公斤"
SIZE_UNITS = "mm|cm|m|km|ft|feet|foot|in|inch|inches|yd|meters?|metres?|米|厘米|毫米|英寸|寸|码"
PACK_UNITS = (
    "pcs?|pieces?|pack|packs|pk|sheets?|count|ct|rolls?|units?|sets?|pairs?|片|个|件|包|盒|只|支|张|卷|双"
)
_END = r"(?![^\W_])"
_LANGUAGES = (
    "english|german|french|spanish|italian|dutch|danish|swedish|norwegian|finnish|polish|portuguese|russian"
    "|czech|hungarian|turkish|greek|nordic|qwerty|azerty|qwertz|international|英文|中文|德文|法文|英语|中英文"
)
_LETTER_SIZES = r"xxs|xs|xl|xxl|xxxl|[2-6]xl|small|medium|large|大号|中号|小号|加大号"


def _measure(units: str) -> str:
    """Numbers with one of the units: "2 m", "3-pack", "100x150 mm", "2米"; no letter may follow Latin
    units.
    """
    latin = "|".join(unit for unit in units.split("|") if not has_cjk(unit))
    chinese = "|".join(unit for unit in units.split("|") if has_cjk(unit))
    number = rf"(?<![^\W_])(?<!\d[.,-])(?<!f/){_NUMBER}(?:\s?x\s?{_NUMBER})?"
    return rf"{number}\s?-?(?:(?:{latin}){_END}(?:\(s\))?\.?|(?:{chinese})装?)"


_PATTERNS = (
    (Axis.PACK, re.compile(rf"{_measure(PACK_UNITS)}|\b(?:pack|set|box) of \d+\b|单支|单只")),
    (Axis.CAPACITY, re.compile(_measure(CAPACITY_UNITS))),
    (
        Axis.SIZE,
        re.compile(
            rf"{_measure(SIZE_UNITS)}|(?<![^\W_]){_NUMBER}[\"″']|\bsize [^\W_]+\b"
            rf"|(?<![^\W_])(?:{_LETTER_SIZES}){_END}|(?<=[ (,/-])[sml](?=\)?$)"
        ),
    ),
    (Axis.LANGUAGE, re.compile(rf"\b(?:{_LANGUAGES})\b")),
)
_SUFFIXED = re.compile(
    r"(?<![^\W_])((?=[^\s]{4})[^\W_]*\d[^\W_]*(?:-[^\W_]+)*\d|[^\W\d_]+-\d{2,})([^\W\d_]{1,3})(?![^\W_]|-)"
)
_MODEL = re.compile(r"(?<![^\W_<])(?=[^\s]*\d)(?=[^\s]*[a-z])[a-z0-9]+(?:[-./#][a-z0-9]+)*(?![^\W_>])")
_DIGITS = re.compile(r"\d")
_NOISE = re.compile(r"[\s,;:()\[\]|+®™©\"*]+|(?<![^\W_>])[-./'&]+|[-./'&]+(?![^\W_<])")


class TitleReader:
    """Knows the colour words of a catalogue: every name of at least two letters that it is given."""

    def __init__(self, colors: Iterable[str]) -> None:
        names = sorted({normalise(name) for name in colors}, key=lambda name: (-len(name), name))
        latin = "|".join(re.escape(name) for name in names if len(name) > 2 and not has_cjk(name))
        chinese = "|".join(re.escape(name) for name in names if len(name) > 1 and has_cjk(name))
        options = [rf"\b(?:{latin})\b"] if latin else []
        self._color = re.compile("|".join([*options, *([chinese] if chinese else [])]) or r"(?!)")

    def read(self, title: str, *, mask_models: bool = False) -> TitleShape:
        """With `mask_models` whole model numbers count as an axis, else only the letters that end them.

        >>> TitleReader(["red"]).read("Brush AB-1200XL, 2 m, Red").template
        'brush ab-1200<model> <size> <color>'
        """
        text = normalise(title)
        values: list[tuple[Axis, str]] = []
        for axis, pattern in ((Axis.COLOR, self._color), *_PATTERNS):
            text = _cut(text, pattern, axis, values)
        if mask_models:
            text = _cut(text, _MODEL, Axis.MODEL, values)
        else:
            text = _SUFFIXED.sub(lambda found: _suffix(found, values), text)
        return TitleShape(_tidy(text), tuple(values))


def _cut(text: str, pattern: re.Pattern[str], axis: Axis, values: list[tuple[Axis, str]]) -> str:
    def replace(found: re.Match[str]) -> str:
        values.append((axis, "".join(found.group().split())))
        return f" <{axis}> "

    return pattern.sub(replace, text)


def _suffix(found: re.Match[str], values: list[tuple[Axis, str]]) -> str:
    stem, letters = found.groups()
    if len(_DIGITS.findall(stem)) < 2:
        return found.group()
    values.append((Axis.MODEL, letters))
    return f"{stem}<{Axis.MODEL}>"


def _tidy(text: str) -> str:
    """Signs between words say nothing; equal marks side by side ("6 ft (1.8 m)") are one."""
    words = _NOISE.sub(" ", text).split()
    return " ".join(word for word, before in zip(words, ["", *words], strict=False) if word != before)
