"""Ways to read a name: as it is written, and with ever more of what often tells nothing taken away.

Two names are candidates for being the same when they share a reading. What had to be taken away on the way
there, and only on one side, is the evidence that speaks against it, and the reason that a merge is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.text import has_cjk
from index_builder.graph.resolution.equivalents import Equivalents, default_equivalents
from index_builder.graph.resolution.measures import with_one_unit
from index_builder.graph.resolution.telling import (
    is_telling,
    may_be_reordered,
    may_go,
    without_generic,
)
from index_builder.graph.resolution.words import british, cut, key_of, singulars, without_legal_form

MAX_WORDS = 8
"""Longer names are phrases; they are read as they are written only."""
_MIN_TYPO_WORD = 6
_MAX_TYPO_WORDS = 4
_MAX_GLOSS_WORDS = 2
STEM = 5
"""Letters that a word and one of its attribute's name share when they are of one stem, as in "printing"."""
_GLOSS = re.compile(r"^(?P<outside>[^()]*\S)\s*[(（](?P<inside>[^()（）]+)[)）]$")
_ACRONYM = re.compile(r"\b[A-Z]{2,}\b")


class Step(StrEnum):
    """What a reading takes away or changes."""

    SPELLING = "spelling"
    PLURAL = "plural"
    UNIT = "unit"
    TABLE = "table"
    LEGAL = "legal"
    BRAND = "brand"
    GENERIC = "generic"
    KEY_WORD = "key word"
    ACRONYM = "acronym"
    GLOSS = "gloss"
    INITIALS = "initials"
    ORDER = "order"
    TYPO = "typo"
    EXTRA = "extra"


Mark = tuple[Step, str]
"""A step and the words that it took away or changed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`key` is what names that read alike have in common; `marks` what was done to get there, sorted."""

    key: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Habits:
    """Which steps a kind of entity allows, and what they need to know: `brands` are the names that may be
    left out in front, as words, by their first word; `key_stems` begin the words of the attribute's own name.
    """

    steps: frozenset[Step]
    brands: Mapping[str, Sequence[tuple[str, ...]]]
    key_stems: frozenset[str] = frozenset()


def readings_of(name: str, habits: Habits) -> list[Reading]:
    """Each key once, that with the fewest marks first."""
    found: dict[str, Reading] = {}
    for words, marks in _ladder(name, habits):
        key = key_of(words)
        if (len(key) > 1 or has_cjk(key)) and key not in found:
            found[key] = Reading(key, tuple(sorted(marks)))
    return list(found.values())


def canonical_key(name: str, habits: Habits) -> str:
    """The key after the steps that never take a meaning away: spelling, number, units, the table."""
    words, _ = list(_safe(name, habits))[-1]
    return key_of(words)


_Step = tuple[tuple[str, ...], frozenset[Mark]]


def _ladder(name: str, habits: Habits) -> Iterator[_Step]:
    safe = list(_safe(name, habits))
    yield from safe
    words, marks = safe[-1]
    if len(words) > MAX_WORDS:
        return
    yield from _bare(words, marks, habits)
    yield from _in_brackets(name, habits)
    steps = habits.steps
    if Step.INITIALS in steps and _has_initials(name, words, habits):
        yield ("".join(word[0] for word in words),), marks | {(Step.INITIALS, " ".join(words))}
    if Step.ORDER in steps and len(words) > 1 and may_be_reordered(words):
        ordered = tuple(sorted(words))
        yield ("⇅", *ordered), marks | {(Step.ORDER, " ".join(words))}
    if Step.TYPO in steps:
        yield from _typos(words, marks)
    if Step.EXTRA in steps and 2 <= len(words) <= 6:
        for place, word in enumerate(words):
            if may_go(word):
                yield (*words[:place], *words[place + 1 :]), marks | {(Step.EXTRA, word)}


def _has_initials(name: str, words: Sequence[str], habits: Habits) -> bool:
    """Only brands go by two letters; a name with an acronym in it is not shortened to another."""
    least = 2 if Step.LEGAL in habits.steps else 3
    plain = all(word.isascii() and word.isalpha() for word in words)
    return plain and least <= len(words) <= 5 and not _ACRONYM.search(name)


def _safe(name: str, habits: Habits) -> Iterator[_Step]:
    words: tuple[str, ...] = cut(name)
    marks: frozenset[Mark] = frozenset()
    yield words, marks
    if Step.UNIT in habits.steps:
        measured = with_one_unit(name)
        if measured is not None and cut(measured) != words:
            marks = marks | {(Step.UNIT, _told(words, cut(measured), Step.UNIT))}
            words = cut(measured)
            yield words, marks
    table = default_equivalents()
    for step, change in (
        (Step.SPELLING, british),
        (Step.PLURAL, singulars),
        (Step.TABLE, lambda each: _tabled(each, table, habits)),
        (Step.LEGAL, without_legal_form),
        (Step.TABLE, lambda each: _tabled(each, table, habits)),
    ):
        if step in habits.steps:
            changed = change(words)
            if changed != words:
                marks = marks | {(step, _told(words, changed, step))}
                words = changed
                yield words, marks


def _tabled(words: Sequence[str], table: Equivalents, habits: Habits) -> tuple[str, ...]:
    if Step.LEGAL in habits.steps:
        return table.brands.get(tuple(words), tuple(words))
    return table.replace(words)


def _told(words: Sequence[str], changed: Sequence[str], step: Step) -> str:
    """What a step did, so that two names to which it did the same are not told apart by it."""
    gone = " ".join(word for word in words if word not in changed)
    come = " ".join(word for word in changed if word not in words)
    if step is Step.UNIT:
        return come or " ".join(changed)
    return f"{gone} = {come}" if come else gone


def _bare(words: tuple[str, ...], marks: frozenset[Mark], habits: Habits) -> Iterator[_Step]:
    """Without the brand in front, without words that say nothing of their own."""
    if Step.BRAND in habits.steps:
        for brand in habits.brands.get(words[0] if words else "", ()):
            rest = words[len(brand) :]
            if words[: len(brand)] == brand and len(key_of(rest)) >= 4:
                words, marks = rest, marks | {(Step.BRAND, " ".join(brand))}
                yield words, marks
                break
    for step in (Step.GENERIC, Step.KEY_WORD):
        if step not in habits.steps:
            continue
        kept = tuple(bare for word in words if (bare := _bare_word(word, step, habits)))
        if kept and kept != words and any(len(word) > 1 for word in kept):
            marks = marks | {(step, " ".join(sorted(set(words) - set(kept))))}
            words = _tabled(kept, default_equivalents(), habits)
            yield kept, marks
            yield words, marks


def _bare_word(word: str, step: Step, habits: Habits) -> str:
    if step is Step.GENERIC:
        return without_generic(word)
    return "" if word[:STEM] in habits.key_stems and not is_telling(word) else word


def _in_brackets(name: str, habits: Habits) -> Iterator[_Step]:
    """`Local Area Network (LAN)` is called both; `VGA (D-Sub)` may as well be called VGA."""
    match = _GLOSS.match(name) if Step.GLOSS in habits.steps else None
    if match is None:
        return
    (outside, marks), (inside, _) = (
        list(_safe(part, habits))[-1] for part in match.group("outside", "inside")
    )
    if not outside or not inside:
        return
    if _abbreviates(inside, outside) or _abbreviates(outside, inside):
        yield outside, marks | {(Step.ACRONYM, " ".join(inside))}
        yield inside, frozenset({(Step.ACRONYM, " ".join(outside))})
    elif len(inside) <= _MAX_GLOSS_WORDS and all(may_go(word) for word in inside):
        yield outside, marks | {(Step.GLOSS, " ".join(inside))}


def _abbreviates(short: Sequence[str], long: Sequence[str]) -> bool:
    """The letters of one word stand in the long name in this order, the first of them at its start and, when
    there are several words, most of them at starts of words.
    """
    letters, whole = "".join(short), "".join(long)
    if (
        not whole.isalpha()
        or len(short) > 2
        or len(letters) < 2
        or len(letters) >= len(whole)
        or not letters.isalpha()
    ):
        return False
    rest, initials = iter(whole), "".join(word[0] for word in long)
    if long[0][0] != letters[0] or not all(letter in rest for letter in letters):
        return False
    return len(long) == 1 or sum(letter in initials for letter in letters) >= len(letters) - 1


def _typos(words: tuple[str, ...], marks: frozenset[Mark]) -> Iterator[_Step]:
    """Each letter but the first of each long word left out (SymSpell's deletion neighbourhood), and none."""
    if len(words) > _MAX_TYPO_WORDS:
        return
    for place, word in enumerate(words):
        if len(word) >= _MIN_TYPO_WORD and word.isascii() and word.isalpha():
            before, after = " ".join(words[:place]), " ".join(words[place + 1 :])
            for at in range(1, len(word) + 1):
                shorter = word[:at] + word[at + 1 :]
                yield (f"~{before}~{shorter}~{after}",), marks | {(Step.TYPO, word)}
