"""Words that name whom or what products are for, and words of praise and grade that belong to no name
(`lexicons.tsv`, written for this project: English and Chinese, general retail).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from engine.text import normalise


@dataclass(frozen=True, slots=True)
class TextLexicons:
    """Preferred names by every name, all in normal form; `quality` holds words."""

    audiences: Mapping[str, str]
    occasions: Mapping[str, str]
    quality: frozenset[str]


@cache
def text_lexicons() -> TextLexicons:
    """The tables that ship with the builder."""
    found: dict[str, dict[str, str]] = {"audience": {}, "occasion": {}, "quality": {}}
    text = resources.files(__package__).joinpath("lexicons.tsv").read_text(encoding="utf-8")
    for line in text.splitlines()[1:]:
        kind, preferred, english, chinese = line.split("\t")
        for name in (preferred, *english.split(","), *chinese.split(",")):
            if name:
                found[kind].setdefault(normalise(name), normalise(preferred))
    return TextLexicons(found["audience"], found["occasion"], frozenset(found["quality"]))
