"""Cuts a name into the words that count, and folds what is only written differently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from engine.text import has_cjk, normalise, singular

_SIGNS = re.compile(r"[®™℠©]|\((?:r|tm|c)\)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]*\d(?:[.,]\d+)+[^\W_]*|[^\W_]*\d[^\W_]*(?:[.,]\d+)+[^\W_]*|[^\W_]+|[+&%±]")
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?![\d.,])")
_COUNT = re.compile(r"^\(?(\d{1,3})\)?\s*(?:[x×]\s+|-\s+|\)\s*)(?=[^\W\d_])")
_INCH = re.compile(r"(?<=\d)\s?(?:\"|''|[″”])")
_FOOT = re.compile(r"(?<=\d)['′’](?!\w)")
_NAMES = {"+": "plus", "&": "and", "%": "percent", "±": "plusminus"}
_NUMBER = re.compile(r"\d+(?:\.\d+)*")

_IRREGULAR = {
    "children": "child", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot", "teeth": "tooth",
    "knives": "knife", "shelves": "shelf", "batteries": "battery",
}  # fmt: skip
_AMERICAN = {
    "aluminum": "aluminium", "analog": "analogue", "armor": "armour", "catalog": "catalogue",
    "center": "centre", "color": "colour", "colored": "coloured", "colorful": "colourful", "cozy": "cosy",
    "dialog": "dialogue", "disc": "disk", "donut": "doughnut", "favorite": "favourite", "fiber": "fibre",
    "gray": "grey", "jewelry": "jewellery", "license": "licence", "liter": "litre", "meter": "metre",
    "mold": "mould", "multicolor": "multicolour", "pajama": "pyjama", "program": "programme",
    "theater": "theatre", "tire": "tyre", "traveler": "traveller", "watercolor": "watercolour",
}  # fmt: skip
_IZE = re.compile(r"(?<=\w{4})iz(e|ed|er|ers|es|ing|able|ation)$")
_VOWEL = re.compile("[aeiouy]")
_LEGAL_FORMS = """
inc incorporated ltd limited llc llp lp gmbh mbh ag kg se corp corporation co company plc pty sa sas sarl
srl spa bv nv oy ab as aps kk pte 公司 有限公司 股份有限公司 有限责任公司 集团 株式会社
"""
_LEGAL = frozenset(_LEGAL_FORMS.split())
_LEGAL_ENDINGS = ("股份有限公司", "有限责任公司", "有限公司", "公司", "集团")


@lru_cache(maxsize=1 << 17)
def cut(text: str) -> tuple[str, ...]:
    """Words of a name without trademark signs, accents and punctuation. Decimals stay whole, a thousand's
    comma goes, `+` is the word "plus" since it tells things apart, a leading count loses its times sign.

    >>> cut("Intel® Core™ i5-650"), cut("SFP+"), cut("2 x RJ–45"), cut("TÜV v10.4")
    (('intel', 'core', 'i5', '650'), ('sfp', 'plus'), ('2', 'rj', '45'), ('tuv', 'v10.4'))
    """
    clean = _without_accents(normalise(_SIGNS.sub(" ", text)))
    clean = _FOOT.sub(" foot ", _INCH.sub(" inch ", clean))
    clean = _COUNT.sub(r"\1 ", _THOUSANDS.sub(lambda found: found.group().replace(",", ""), clean))
    words = [_NAMES.get(word, word.replace(",", ".")) for word in _WORD.findall(clean)]
    while len(words) > 1 and words[0] == "and":
        del words[0]
    return tuple(words)


def key_of(words: Iterable[str]) -> str:
    """The words without blanks, but for those that keep two numbers apart.

    >>> key_of(("cat", "6")), key_of(("5", "15p")), key_of(("8", "1")), key_of(("8.1",))
    ('cat6', '5 15p', '8 1', '8.1')
    """
    key = ""
    for word in words:
        key += f" {word}" if key and key[-1].isdigit() and word[0].isdigit() else word
    return key


def numbers_of(key: str) -> tuple[str, ...]:
    """The numbers in a key, sorted: two names that differ in one are never the same thing.

    >>> numbers_of("windows8.1"), numbers_of("5 15p")
    (('8.1',), ('15', '5'))
    """
    return tuple(sorted(_NUMBER.findall(key)))


def british(words: Sequence[str]) -> tuple[str, ...]:
    """American spellings made British: gray, color, fiber, organizer."""
    return tuple(_AMERICAN.get(word) or _IZE.sub(r"is\1", word) for word in words)


def singulars(words: Sequence[str]) -> tuple[str, ...]:
    """Plurals made singular; an acronym such as https is none.

    >>> singulars(("cables", "children", "https"))
    ('cable', 'child', 'https')
    """
    return tuple(
        _IRREGULAR.get(word) or (singular(word) if _VOWEL.search(word[:-2]) else word) for word in words
    )


def without_legal_form(words: Sequence[str]) -> tuple[str, ...]:
    """The name of a company without what kind of company it is.

    >>> without_legal_form(("hp", "inc")), without_legal_form(("华为技术有限公司",))
    (('hp',), ('华为技术',))
    """
    kept = list(words)
    while len(kept) > 1 and kept[-1] in _LEGAL:
        kept.pop()
    if kept and has_cjk(kept[-1]):
        ending = next((each for each in _LEGAL_ENDINGS if kept[-1].endswith(each)), "")
        if ending and len(kept[-1]) > len(ending) + 1:
            kept[-1] = kept[-1][: -len(ending)]
    return tuple(kept)


def _without_accents(text: str) -> str:
    """Marks on Latin letters are dropped; those of other scripts change the letter and stay."""
    if text.isascii():
        return text
    kept: list[str] = []
    for char in unicodedata.normalize("NFD", text):
        if not (unicodedata.category(char) == "Mn" and kept and kept[-1].isascii() and kept[-1].isalpha()):
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))
