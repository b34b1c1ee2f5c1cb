"""Words that announce another thing in a title or description: "for", "compatible with", "equivalent to", ...

The table is small and holds the languages that shops write in; what follows a cue has to look like a name or
like a class of devices before it counts (see `relations_spans`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Cue(StrEnum):
    """What a cue says of the thing beside it; NONE where a known name stands without one."""

    EQUIVALENT = "equivalent"
    SPARE = "spare"
    COMPATIBLE = "compatible"
    FOR = "for"
    BUNDLE = "bundle"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CuePlace:
    """Characters `[start, end)` are the cue; what it announces begins at `end` or after a blank."""

    cue: Cue
    start: int
    end: int


_LATIN = {
    Cue.EQUIVALENT: (
        "equivalent (?:to|of|for)", "replaces", "(?:as an? )?replacement (?:for|of)", "supersedes",
        "successor (?:to|of)", "ersetzt", "remplace",
    ),
    Cue.SPARE: ("spare(?: part)?s? (?:for|of)", "ersatzteil für", "pièce détachée pour"),
    Cue.COMPATIBLE: (
        "compatible (?:with|to|for)", "works? with", "for use (?:with|in|on)", "designed for", "made for",
        "suitable for", "fits(?: for)?", "fitted in", "passend für", "kompatibel mit", "compatible avec",
        "convient (?:à|pour)",
    ),
    Cue.FOR: ("for", "(?-i:f)(?=/)/", "(?-i:f)(?= [A-Z])", "für", "pour", "para"),
    Cue.BUNDLE: (r"\+(?= )", r"w(?=/)/(?!o(?![^\W_]))", "incl(?:udes?|uding)?", "bundled with", "inkl"),
}  # fmt: skip
_CHINESE = {
    Cue.EQUIVALENT: ("替代", "替换", "代替", "等同于", "取代"),
    Cue.SPARE: ("备件适用于",),
    Cue.COMPATIBLE: ("适用于", "适用", "兼容", "适配", "匹配"),
    Cue.FOR: ("专用于", "用于", "适合"),
    Cue.BUNDLE: ("附赠", "附带", "内含", "含有"),
}
_SPECIFIC_FIRST = (Cue.EQUIVALENT, Cue.SPARE, Cue.COMPATIBLE, Cue.FOR, Cue.BUNDLE)
_PATTERN = re.compile(
    "|".join(
        rf"(?P<{cue.name}>(?<![^\W_])(?:{'|'.join(_LATIN[cue])})(?:(?<=[/+])|(?![^\W_])\.?)"
        rf"|{'|'.join(_CHINESE[cue])})"
        for cue in _SPECIFIC_FIRST
    ).replace(" ", r"\s+"),
    re.IGNORECASE,
)
_HINT = re.compile(
    r"for|f/|w/|\+|equiv|replac|supers|success|compat|work|suit|fit|incl|bundle|f |für|pour|para"
    r"|inkl|pass|ers|rempl|convient|[\u4e00-\u9fff]",
    re.IGNORECASE,
)


def cues_in(text: str) -> Iterator[CuePlace]:
    """Cues in order, none overlapping another.

    >>> [(place.cue.value, place.start, place.end) for place in cues_in("Toner f/ X2, works with X3")]
    [('for', 6, 8), ('compatible', 13, 23)]
    """
    if _HINT.search(text) is None:
        return
    for match in _PATTERN.finditer(text):
        yield CuePlace(Cue[str(match.lastgroup)], match.start(), match.end())
