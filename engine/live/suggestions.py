"""What live products are called, to complete what a shopper begins to type."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Sequence
from heapq import merge
from threading import Lock

import numpy as np

from engine.live.overlay import Overlay
from engine.product_texts import names_of
from engine.text import has_cjk, normalise, singular, typed, word_starts
from engine.types import PastQuery, Product

WORDS, CHINESE_CHARACTERS = 5, 16
"""Of a name, at most: a shopper types no whole title."""
_BEGIN, _INSIDE = "\0", "\1"
"""Before what a text begins with, and what follows inside it: normalised texts have no control characters."""
_SIGNS = re.compile(r"[()\[\]{}|/·•*。、【】「」]|[,;:!?](?!\d)|[.–—-](?=\s|$)")
_OR = re.compile(r"\s*(?:[&/,、]|\b(?:and|or|und|et)\b)\s*")
_Run = list[tuple[str, str]]
"""(marked text from a word on, whole text), sorted."""


class LiveNames:
    """Texts by the words in them, with the slots of the products that they name. It only grows, so that a
    snapshot needs no copy: it looks at products that stand in its own overlay. Each product is read once,
    when names are asked for after it came, so that a commit costs nothing here.

    Sorted runs, each more than twice as long as the next: a run is merged with shorter ones as it comes, so
    that a thousand products cost the same whether they come at once or one by one.
    """

    def __init__(self, base: int) -> None:
        """`base` is the first slot."""
        self._next = base
        self._slots: dict[str, list[int]] = {}
        self._runs: tuple[_Run, ...] = ()
        self._reading = Lock()

    def suggest(self, prefix: str, limit: int, overlay: Overlay, known: Container[str]) -> list[PastQuery]:
        """At most `limit` texts that are not `known`: those that start with the prefix, then those in which a
        later word (or Chinese character) does, each by the alphabet. Nobody asked them yet: their count is 0.
        """
        begun = typed(prefix)
        if not begun or limit <= 0:
            return []
        self._read(overlay)
        found: dict[str, int] = {}
        for text in self._starting(begun):
            if text not in found and text not in known:
                slots = self._slots[text]
                alive = next((slot for slot in reversed(slots) if slot in overlay.entries), None)
                if alive is not None:
                    found[text] = alive
                    if len(found) == limit:
                        break
        return [PastQuery(text, 0, np.array([slot], np.int64)) for text, slot in found.items()]

    def _starting(self, begun: str) -> Iterator[str]:
        runs = self._runs
        for mark in (_BEGIN, _INSIDE):
            for _, text in merge(*(_from(run, mark + begun) for run in runs)):
                yield text

    def _read(self, overlay: Overlay) -> None:
        """The slots that were taken since. A product that is gone again is in no later overlay."""
        if self._next >= overlay.size:
            return
        with self._reading:
            run: _Run = []
            for slot in range(self._next, overlay.size):
                if slot in overlay.entries:
                    for text in names(overlay.entries[slot].product):
                        slots = self._slots.get(text)
                        if slots is None:
                            self._slots[text] = [slot]
                            run += _entries(text)
                        else:
                            slots.append(slot)
            self._runs = _merged(self._runs, run)
            self._next = max(self._next, overlay.size)


def names(product: Product) -> Iterable[str]:
    """What a shopper would type for it: the first words of its names, its brand with the kind of thing that
    it is. Normalised, each once.

    >>> list(names(Product("p", "Zanzibar Cast-iron Teapot, 1.2 l", "Zanzibar", category=("Teapots",))))
    ['zanzibar cast-iron teapot 1.2 l', 'zanzibar teapot']
    """
    found = [_cut(_plain(name)) for name in names_of(product)]
    brand = _plain(product.brand)
    if brand and product.category:
        for kind in _OR.split(normalise(product.category[-1])):
            words = [singular(word) for word in _plain(kind).split()]
            if words and brand not in words:
                gap = "" if has_cjk(brand) and has_cjk(words[0]) else " "
                found.append(_cut(f"{brand}{gap}{' '.join(words)}"))
    return dict.fromkeys(text for text in found if text)


def _plain(text: str) -> str:
    """Normalised, without the signs that nobody types."""
    return " ".join(_SIGNS.sub(" ", normalise(text)).split())


def _cut(text: str) -> str:
    words = " ".join(text.split(" ")[:WORDS])
    return words[:CHINESE_CHARACTERS].rstrip() if has_cjk(words) else words


def _entries(text: str) -> Iterator[tuple[str, str]]:
    for start in word_starts(text):
        yield f"{_INSIDE if start else _BEGIN}{text[start:]}", text


def _merged(runs: Sequence[_Run], new: _Run) -> tuple[_Run, ...]:
    """With one run more, sorted here, into which the shorter ones went."""
    left, run = [*runs], [*new]
    while left and len(left[-1]) <= 2 * len(run):
        run += left.pop()
    return (*left, sorted(run)) if run else tuple(left)


def _from(run: _Run, begun: str) -> Iterator[tuple[str, str]]:
    for place in range(bisect_left(run, (begun,)), len(run)):
        entry = run[place]
        if not entry[0].startswith(begun):
            return
        yield entry
