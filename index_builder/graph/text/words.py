"""Folded titles cut into words, with what stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.text import singular
from index_builder.graph.text.folded import Folded

_PIECE = re.compile(r"[^\s,;:()\[\]{}|\"″“”]+")
_TRIM_LEFT, _TRIM_RIGHT = "-–—/*!.'’&+~#", "-–—/*!.'’&~?"
_CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_RUN = re.compile(f"[{_CJK}]+|[^{_CJK}]+")
_PLAIN = re.compile(r"[^\W\d_]+(?:[-'’/.&][^\W\d_]+)*")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
FOR = frozenset({"for", "für", "pour", "fits", "fit", "compatible", "f/"})
"""After these a title names what the product is for."""
_SHORT_FORMS = ("w/", "f/")
_JOINTS = ("", " ")
_CHINESE_FOR = ("适用", "兼容", "适配")
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
    def names_a_target(self) -> bool:
        """Whether what follows is what the product is for."""
        return self.text in FOR or any(sign in self.text for sign in _CHINESE_FOR)

    @property
    def is_function(self) -> bool:
        return self.text in _FUNCTION


def words_of(folded: Folded) -> tuple[Word, ...]:
    """In order. Chinese, Japanese and Korean runs are one word each, parted from Latin letters and digits.

    >>> from index_builder.graph.text.folded import fold
    >>> [(word.text, word.joined) for word in words_of(fold("Acme Toner (black) - 2"))]
    [('acme', False), ('toner', True), ('black', False), ('2', False)]
    >>> [word.text for word in words_of(fold("诺莱Aurora KX9台灯"))]
    ['诺莱', 'aurora', 'kx9', '台灯']
    """
    found: list[Word] = []
    before = 0
    for start, end in _pieces(folded.text):
        joined = bool(found) and folded.text[before:start] in _JOINTS
        found.append(Word(folded.text[start:end], start, end, joined))
        before = end
    return tuple(found)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Where words begin and end: without the signs around them; short forms ("w/5") are words."""
    for match in _PIECE.finditer(text):
        start, end = match.span()
        if text[start : start + 2] in _SHORT_FORMS:
            yield start, start + 2
            start += 2
        if text[start:end] == "&":
            yield start, end
            continue
        for run in _RUN.finditer(text, start, end):
            piece = run.group()
            first = run.start() + len(piece) - len(piece.lstrip(_TRIM_LEFT))
            last = run.end() - (len(piece) - len(piece.rstrip(_TRIM_RIGHT)))
            if first < last:
                yield first, last


def parts_of(word: Word) -> list[str]:
    """The words of "server/workstation", in singular."""
    if "/" not in word.text:
        return [word.single]
    return [Word(part, 0, 0, joined=False).single for part in word.text.split("/") if part] or [word.single]
