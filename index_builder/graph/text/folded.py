"""Text in normal form that knows where each of its characters came from, so that what is found in the one can
be pointed at in the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.text import has_cjk, normalise

_PLAIN = re.compile(r"(?!\s)[\x20-\x7e]*(?<!\s)")
_IGNORED = frozenset("™®©℠\u00ad\u200b\u200d\ufe0f")
"""Signs that stand inside names without being part of them; NFKC would make letters of some."""


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is NFKC, case-folded, white space collapsed (`engine.text.normalise`, but that trademark signs
    are blanks). Its character i came from characters `[starts[i], ends[i])` of `original`.
    """

    original: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Characters of the original for characters `[start, end)` of the text, start < end."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """A base character and its combining marks are folded together, so that composed and decomposed
    spellings give the same text.

    >>> folded = fold("STRAßE  ７ cm")
    >>> folded.text, folded.span(8, 12)
    ('strasse 7 cm', (8, 12))
    """
    if text.isascii() and _PLAIN.fullmatch(text) and "  " not in text:
        return Folded(text, text.lower(), range(len(text)), range(1, len(text) + 1))
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        folded = " " if text[start] in _IGNORED or text[start].isspace() else normalise(text[start:end])
        folded = folded or " "
        if folded == " " and (not letters or letters[-1] == " "):
            continue
        letters.extend(folded)
        starts.extend([start] * len(folded))
        ends.extend([end] * len(folded))
    if letters and letters[-1] == " ":
        letters.pop()
        starts.pop()
        ends.pop()
    return Folded(text, "".join(letters), starts, ends)


def _clusters(text: str) -> list[tuple[int, int]]:
    """Each character with the combining marks that follow it."""
    cuts = [place for place, letter in enumerate(text) if not place or not unicodedata.combining(letter)]
    return list(zip(cuts, [*cuts[1:], len(text)], strict=True))


def is_word_edge(text: str, place: int) -> bool:
    """Whether a name may begin or end before character `place`: never between two letters or digits, unless
    one of them is Chinese, Japanese or Korean, which are written without blanks.
    """
    if place <= 0 or place >= len(text):
        return True
    before, after = text[place - 1], text[place]
    if not (before.isalnum() and after.isalnum()):
        return True
    return has_cjk(before) or has_cjk(after)
