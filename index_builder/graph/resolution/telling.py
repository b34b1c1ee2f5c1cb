"""Which words tell things apart, and which say nothing of their own."""

from __future__ import annotations

from collections.abc import Sequence

from engine.text import has_cjk

_GENERIC_WORDS = """
mark marked marking certified certification certificate compliant compliance approved approval qualified
listed genuine official technology type version standard ieee class and or 认证 技术 类型 标准 正品
"""
_TELLING_WORDS = """
plus non no not without w o excl except semi anti half mini micro nano dual double triple quad left right
front rear back top bottom inner outer input output in out male female up down high low light dark full
max optional only requires required via with pro lite 无 非 不 大 小 男 女 左 右 前 后 上 下 内 外
"""
_RELATING_WORDS = "on in to from over with by for of into per vs via at than 到 转 对 和 配"
_GENERIC = frozenset(_GENERIC_WORDS.split())
_GENERIC_ENDINGS = ("认证", "技术", "类型", "标准")
_TELLING = frozenset(_TELLING_WORDS.split())
_RELATING = frozenset(_RELATING_WORDS.split())


def is_telling(word: str) -> bool:
    """Whether it always tells things apart, however much speaks for leaving it out."""
    return word in _TELLING


def may_go(word: str) -> bool:
    """Whether a name could do without it: no number, no letter, no word that always tells things apart.

    >>> may_go("original"), may_go("d"), may_go("4s"), may_go("without")
    (True, False, False, False)
    """
    return len(word) > 1 and word.isalpha() and word not in _TELLING


def without_generic(word: str) -> str:
    """The word without what says nothing of its own; "" when that is all of it.

    >>> without_generic("certified"), without_generic("能效认证"), without_generic("steel")
    ('', '能效', 'steel')
    """
    if word in _GENERIC:
        return ""
    if has_cjk(word):
        ending = next((each for each in _GENERIC_ENDINGS if word.endswith(each)), "")
        return word[: len(word) - len(ending)] if len(word) > len(ending) + 1 else word
    return word


def may_be_reordered(words: Sequence[str]) -> bool:
    """Whether another order of the words says the same: not around a number, nor around a word that relates
    what stands before it to what follows ("white on black").
    """
    return not any(word in _RELATING or word.isdigit() for word in words)
