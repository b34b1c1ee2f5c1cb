"""Text as the engine reads it. The builder and the server share these, so that both sides cut words alike."""

from __future__ import annotations

import logging
import re
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

_SPACE = re.compile(r"\s+")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]")
_OTHER_CJK = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_CJK_RUN = re.compile(f"({_CJK.pattern}+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Unicode's category Cc."""
_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+|['’&+#-][^\W_]+)*[\"″%+]?")
_LETTERS = re.compile(r"^[^\W\d_]{4,}$")
_SINGULAR_S = frozenset({"series", "species", "news", "lens", "canvas", "atlas"})
_SEGMENTER_LOCK = threading.Lock()


def normalise(text: str) -> str:
    """NFKC, case-folded (Unicode's NFKC_Casefold but for ignorable characters), control characters dropped,
    runs of white space made one blank. Normalising twice changes nothing.
    """
    folded = text.casefold() if text.isascii() else _nfkc_casefold(text)
    return _SPACE.sub(" ", _CONTROL.sub(" ", folded)).strip()


def has_cjk(text: str) -> bool:
    return _CJK.search(text) is not None


def language_of(text: str) -> str:
    """As a tag: "zh" where the script says so, else "", since the language of other texts is not known."""
    return "zh" if has_cjk(text) and _OTHER_CJK.search(text) is None else ""


def typed(prefix: str) -> str:
    """What a shopper has typed so far, normalised; a blank at its end, which closes the last word, stays."""
    found = normalise(prefix)
    return f"{found} " if found and prefix[-1].isspace() else found


def word_starts(text: str) -> Iterator[int]:
    """Where the words of a normalised text begin. Chinese has no blanks, so every one of its characters may
    begin a word.
    """
    for offset, character in enumerate(text):
        if offset == 0 or text[offset - 1] == " " or has_cjk(character):
            yield offset


def cjk_characters(text: str) -> frozenset[str]:
    return frozenset(_CJK.findall(text))


def segment(text: str) -> str:
    """Put a blank between Chinese words (jieba's search mode), leaving everything else as it is."""
    if not has_cjk(text):
        return text
    return _SPACE.sub(" ", _CJK_RUN.sub(lambda run: f" {' '.join(_cut(run.group()))} ", text)).strip()


def tokens(text: str) -> tuple[str, ...]:
    """The words of normalised text, in order: `15.6"`, `usb-c`, `at&t` stay whole, Chinese is segmented.

    >>> tokens('HP 15.6" Laptop, USB-C')
    ('hp', '15.6"', 'laptop', 'usb-c')
    """
    return tuple(_WORD.findall(segment(normalise(text))))


def _nfkc_casefold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold()).casefold()
    return unicodedata.normalize("NFKC", folded)


def _cut(run: str) -> list[str]:
    return [word for word in _jieba().cut_for_search(run) if word.strip()]


@cache
def _jieba() -> Any:
    with _SEGMENTER_LOCK, warnings.catch_warnings():
        # jieba 0.42 imports pkg_resources, which warns that it is deprecated; we use nothing of it.
        warnings.simplefilter("ignore")
        import jieba

        jieba.setLogLevel(logging.WARNING)
        jieba.initialize()
        return jieba


def singular(word: str) -> str:
    """The singular of a regular English plural; any other word comes back as it is. Words with digits or
    signs are never changed. Not a stemmer: `glasses` and `glass` meet, `printing` and `printer` do not.

    >>> [singular(word) for word in ("laptops", "batteries", "boxes", "glass", "bus", "ps4s")]
    ['laptop', 'battery', 'box', 'glass', 'bus', 'ps4s']
    """
    if not word.endswith("s") or word in _SINGULAR_S or _LETTERS.match(word) is None:
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]
