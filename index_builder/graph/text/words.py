"""Folded titles cut into words, with what stands between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.text import singular
from index_builder.graph.text.folded import Folded

_PIECE = re.compile(r"[^\s,;:()\[\]{}|\"″“”]+")
_TRIM_LEFT, _TRIM_RIGHT = "-–—/*!.'’&+~#", "-–—/*!.'’&~?"
_PLAIN = re.compile(r"[^\W\d_]+(?:[-'’/.&][^\W\d_]+)*")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
FOR = frozenset({"for", "für", "pour", "fits", "fit", "compatible", "f/", "适用", "兼容"})
"""After these a title names what the product is for."""
_SHORT_FORMS = ("w/", "f/")
_JOINTS = (" ", "/")
_FUNCTION_WORDS = """
for f/ with w/ without w/o and or to in of from by on per the a an no not as at it is each only off out over
up plus incl including includes via into your &
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class Word:
    """Characters `[start, end)` of the folded text. `joined` says that only a blank stands before it."""

    text: str
    start: int
    end: int
    joined: bool

    @property
    def single(self) -> str:
        return singular(self.text)

    @property
    def is_plain(self) -> bool:
        """Letters alone, hyphens and slashes inside allowed."""
        return _PLAIN.fullmatch(self.text) is not None

    @property
    def has_digit(self) -> bool:
        return _DIGIT.search(self.text) is not None

    @property
    def has_letter(self) -> bool:
        return _LETTER.search(self.text) is not None

    @property
    def is_function(self) -> bool:
        return self.text in _FUNCTION


def words_of(folded: Folded) -> tuple[Word, ...]:
    """In order. Chinese runs are one word each.

    >>> from index_builder.graph.text.folded import fold
    >>> [(word.text, word.joined) for word in words_of(fold("Acme Toner (black) - 2"))]
    [('acme', False), ('toner', True), ('black', False), ('2', False)]
    """
    found: list[Word] = []
    before = 0
    for match in _PIECE.finditer(folded.text):
        piece = match.group()
        start = match.start() + len(piece) - len(piece.lstrip(_TRIM_LEFT))
        end = match.end() - (len(piece) - len(piece.rstrip(_TRIM_RIGHT)))
        if piece == "&":
            start, end = match.span()
        if piece[:2] in _SHORT_FORMS:
            found.append(Word(piece[:2], match.start(), match.start() + 2, bool(found)))
            start, before = match.start() + 2, match.start() + 1
        if start < end:
            joined = bool(found) and folded.text[before:start] in _JOINTS
            found.append(Word(folded.text[start:end], start, end, joined))
            before = end
    return tuple(found)


def parts_of(word: Word) -> list[str]:
    """The words of "server/workstation", in singular."""
    if "/" not in word.text:
        return [word.single]
    return [Word(part, 0, 0, joined=False).single for part in word.text.split("/") if part] or [word.single]
