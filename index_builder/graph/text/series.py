"""Lines of products ("LaserJet"), learned from where their names stand: right after one brand, repeatedly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from index_builder.graph.evidence import Label
from index_builder.graph.text.gazetteer import Entry
from index_builder.graph.text.titles import Mark, Title

_MIN_TITLES = 3
_OTHERS = 10
"""One brand must open its titles with the word so many times as often as all others together."""
_ELSEWHERE = 3
"""And so many times as often as they write it anywhere: "wireless" is a word, no line of one brand."""
_MAX_WORDS = 3
_MIN_LONGER = 0.05
_CONFIDENCE = 0.8


def learn_series(titles: Sequence[Title], not_series: Collection[str]) -> tuple[Entry, ...]:
    """Entries for a gazetteer, each for its brand. `not_series` are words of types, in singular."""
    openings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for title in titles:
        for run in _runs(title, not_series):
            openings[run][title.brand] += 1
    places = _places(titles)
    found: dict[str, tuple[str, int]] = {}
    for run in sorted(openings, key=lambda run: (run.count(" "), run)):
        (brand, count), *_ = openings[run].most_common(1)
        others = openings[run].total() - count
        if count < _MIN_TITLES or others * _OTHERS > count:
            continue
        shorter = run.rpartition(" ")[0]
        elsewhere = 0 if shorter else places[run].total() - places[run][brand]
        if elsewhere * _ELSEWHERE > count:
            continue
        if shorter and not _is_name(shorter, count, found, openings):
            continue
        found[run] = (brand, count)
    return tuple(Entry(run, Label.SERIES, _CONFIDENCE, brand) for run, (brand, _) in sorted(found.items()))


def _places(titles: Sequence[Title]) -> Mapping[str, Counter[str]]:
    """In how many titles of each brand a word stands, wherever."""
    places: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for title in titles:
        for word in {word.text for word in title.words}:
            places[word][title.brand] += 1
    return places


def _is_name(
    shorter: str,
    count: int,
    found: Mapping[str, tuple[str, int]],
    openings: Mapping[str, Counter[str]],
) -> bool:
    """Whether a longer run, seen `count` times, is a name: it begins with a series that mostly goes on so."""
    return shorter in found and count >= _MIN_LONGER * openings[shorter].total()


def _runs(title: Title, not_series: Collection[str]) -> Iterator[str]:
    """The one, two and three plain words after the brand that opens the title."""
    place = 0
    while place < len(title.words) and title.marks[place] is Mark.BRAND:
        place += 1
    if not place:
        return
    run: list[str] = []
    for word, mark in list(zip(title.words, title.marks, strict=True))[place : place + _MAX_WORDS]:
        plain = mark is Mark.PLAIN or (run and mark is Mark.CODE and word.text[0].isalpha())
        plain = plain and len(word.text) > (0 if run else 1)
        if not plain or word.single in not_series:
            return
        if run and not word.joined:
            return
        run.append(word.text)
        yield " ".join(run)
