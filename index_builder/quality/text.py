"""Clean text: repaired Unicode (ftfy, NFC), no markup, no control characters, single blanks.

Units, quotation marks and letters are left as they are; `clean(clean(x)) == clean(x)`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from ftfy import TextFixerConfig, fix_text

MAX_RAW_LENGTH = 100_000
"""Characters of one text that are looked at; a shop's longest description is far below."""

_MAX_ROUNDS = 100
"""Enough for text escaped that many times over; each round takes one layer off."""

_PLAIN = re.compile(r"[!-%'-;=-~]+(?: [!-%'-;=-~]+)*")
"""Printable ASCII without `&` and `<`, single blanks: nothing to do."""

_INLINE = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|"
    "tt|u|var"
)
_BLOCK = (
    "address|article|aside|blockquote|body|br|button|caption|center|col|colgroup|dd|div|dl|dt|fieldset|figcaption|"
    "figure|footer|form|h[1-6]|head|header|hr|html|iframe|img|input|label|legend|li|link|main|meta|nav|noscript|ol|"
    "option|p|pre|script|section|select|source|style|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul|video|wbr"
)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)(?:\s[^<>]*)?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"[\s\x1c-\x1f\x85]+")
_REPAIRS = TextFixerConfig(
    unescape_html=False,  # done here, only for entities that end in a semicolon
    uncurl_quotes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    normalization="NFC",
    explain=False,
)


@lru_cache(maxsize=131_072)
def clean(text: str) -> str:
    """One line of readable text. Markup that was escaped (`&lt;p&gt;`) counts as markup."""
    if _PLAIN.fullmatch(text):
        return text
    current = text[:MAX_RAW_LENGTH]
    for _ in range(_MAX_ROUNDS):
        cleaned = _round(current)
        if cleaned == current:
            break
        current = cleaned
    return current


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of clean text, ending between words where one ends in the last tenth."""
    if len(text) <= limit:
        return text
    blank = text.rfind(" ", limit - limit // 10, limit + 1)
    return text[: blank if blank > 0 else limit].rstrip()


def _round(text: str) -> str:
    # Broken encodings are repaired first: their halves look like control characters and soft hyphens.
    repaired = text if text.isascii() else fix_text(_SURROGATE.sub("", text), _REPAIRS)
    visible = _INVISIBLE.sub("", repaired)
    if "<" in visible:
        visible = _without_markup(visible)
    if "&" in visible:
        visible = _ENTITY.sub(lambda entity: html.unescape(entity.group()), visible)
    return _SPACE.sub(" ", unicodedata.normalize("NFC", _INVISIBLE.sub("", visible))).strip()


def _without_markup(text: str) -> str:
    text = _without_spans(text, "<!--", "-->")
    text = text.replace("<![CDATA[", "").replace("]]>", "")
    for name in {found.lower() for found in _UNSEEN.findall(text)}:
        text = _without_element(text, name)
    return _INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", text))


def _without_spans(text: str, opening: str, closing: str) -> str:
    kept = []
    position = 0
    while (start := text.find(opening, position)) >= 0 and (end := text.find(closing, start)) >= 0:
        kept.append(text[position:start])
        position = end + len(closing)
    return " ".join([*kept, text[position:]])


def _without_element(text: str, name: str) -> str:
    """Drop `<script ...> ... </script>` with its content; one that never closes loses its tag only."""
    opening = re.compile(rf"<{name}(?:\s[^<>]*)?>", re.IGNORECASE)
    closing = re.compile(rf"</{name}\s*>", re.IGNORECASE)
    kept = []
    position = 0
    while (start := opening.search(text, position)) and (end := closing.search(text, start.end())):
        kept.append(text[position : start.start()])
        position = end.end()
    return " ".join([*kept, text[position:]])
