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


def targets_of(value: AttributeValue) -> tuple[str, ...]:
    """What the statement names, in its order, without repetitions.

    A part that is only a model number takes over the words before the previous model number:

    >>> targets_of("Inkmaster Pro 5000, 5500ps; Other 7")
    ('Inkmaster Pro 5000', 'Inkmaster Pro 5500ps', 'Other 7')
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
            target = " ".join(words)
            if 3 <= len(target) <= MAX_VALUE_LENGTH and _LETTER.search(target):
                targets.setdefault(target)
    return tuple(targets)[:MAX_TARGETS]
