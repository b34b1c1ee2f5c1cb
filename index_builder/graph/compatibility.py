"""Reads statements such as "LaserJet 4000, 4050; 4100 series" into the things they name."""

from __future__ import annotations

import re

from engine.types import AttributeValue
from index_builder.graph.attributes import MAX_VALUE_LENGTH, texts_of

MAX_TARGETS = 40
"""A statement that names more than this fits everything; the rest is dropped."""

_SPLIT = re.compile(r"\s*[;,|\n•]\s*|\\n|\s+[/+&]\s+|\s+-\s+|\s+and\s+")
_LEAD = re.compile(r"^(?:[-–—•*:]+\s*|(?:for|fits|and|compatible with)\s+)+", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBERED = re.compile(r"^(?P<front>\D*)(?P<digits>\d+)(?P<back>[^\W_]{0,6}\+?)$")
_MORE_DIGITS = re.compile(r"^(?P<digits>\d+)(?P<back>[^\W\d_]{0,4}\+?)$")
_SUFFIX = re.compile(r"^[^\W\d_]{1,3}\+?$")


def targets_of(value: AttributeValue) -> tuple[str, ...]:
    """What the statement names, in its order, without repetitions.

    A part that is only a model number takes over the words before the previous model number, and numbers
    joined by slashes are told apart:

    >>> targets_of("Inkmaster Pro 5000, 5500ps; Other 7/8")
    ('Inkmaster Pro 5000', 'Inkmaster Pro 5500ps', 'Other 7', 'Other 8')
    """
    targets: dict[str, None] = {}
    for text in texts_of(value):
        stem: list[str] = []
        for part in _SPLIT.split(text):
            words = _LEAD.sub("", part).strip(" .:").split()
            if not words:
                continue
            if len(words) == 1 and stem and _DIGIT.search(words[0]):
                words = [*stem, words[0]]
            elif _DIGIT.search(words[-1]):
                stem = words[:-1]
            else:
                stem = []
            for target in expand_list(" ".join(words)):
                if 3 <= len(target) <= MAX_VALUE_LENGTH and _LETTER.search(target):
                    targets.setdefault(target)
    return tuple(targets)[:MAX_TARGETS]


def expand_list(name: str) -> tuple[str, ...]:
    """The single names in a name with slashes, commas or blanks inside its numbers; any other name alone.

    One or two digits replace the end of a longer number, a suffix goes behind it, and what is a model number
    by itself takes over the words in front:

    >>> expand_list("Office AB-1710/20/2550n"), expand_list("C544n/dn"), expand_list("Pro 5000, 5500")
    (('Office AB-1710', 'Office AB-1720', 'Office AB-2550n'), ('C544n', 'C544dn'), ('Pro 5000', 'Pro 5500'))
    >>> expand_list("R/T wire"), expand_list("M10/M20")
    (('R/T wire',), ('M10', 'M20'))
    """
    first, *others = re.split(r"\s*[/,]\s*", name)
    *words, model = first.split() or [""]
    stem = " ".join([*words, ""])
    models = [model]
    for other in others:
        last = _NUMBERED.match(models[-1])
        following = last and _following(last, other)
        if following is None:
            return (name,)
        models.append(following)
    return tuple(dict.fromkeys(f"{stem}{each}" for each in models)) if others else (name,)


def _following(last: re.Match[str], other: str) -> str | None:
    """The model that `other` stands for after the model `last`, None when it is no model."""
    number = _MORE_DIGITS.match(other)
    if number is not None:
        digits, before = number["digits"], last["digits"]
        kept = before[: -len(digits)] if len(digits) < min(3, len(before)) else ""
        return f"{last['front']}{kept}{digits}{number['back']}"
    if _SUFFIX.match(other):
        return f"{last['front']}{last['digits']}{other}"
    return other if _NUMBERED.match(other) else None
