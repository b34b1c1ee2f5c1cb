"""When two texts ask for the same in the same words, so that one must not give the other away."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.text import normalise, singular

_WORD = re.compile(r"[^\W_]+")


def wording(text: str) -> str:
    """A key that is the same for texts that differ only in case, signs, plural, the order of their words and
    the blanks between them; "" for a text without letters and digits.

    The key is all letters and digits, sorted: whatever else can be done to blanks and order leaves it alone.
    Anagrams share it, too, which costs a training query now and then and gives nothing away.

    >>> wording("Head-Sets, black") == wording("black headset"), wording("laptop") == wording("laptop 15")
    (True, False)
    >>> wording("HP 墨盒") == wording("墨盒hp")
    True
    """
    return "".join(sorted("".join(singular(word) for word in _WORD.findall(normalise(text)))))


class ForbiddenTexts:
    """The evaluation queries: what is asked in their words may not be learnt from."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.wordings = frozenset(map(wording, texts)) - {""}

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and wording(text) in self.wordings

    def __len__(self) -> int:
        return len(self.wordings)
