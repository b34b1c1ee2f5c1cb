"""The first layer: names that the catalogue taught, in one title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index_builder.graph.evidence import Label
from index_builder.graph.text.gazetteer import Match
from index_builder.graph.text.knowledge import Knowledge
from index_builder.graph.text.span import Span
from index_builder.graph.text.titles import Mark, Title

_OWN_BRAND, _OPENING_BRAND = 0.99, 0.8
_TYPE, _CHINESE_TYPE = 0.9, 0.9
_STATED = {Label.COLOR: 0.97, Label.MATERIAL: 0.95}
_UNSTATED = {Label.COLOR: 0.85, Label.MATERIAL: 0.6, Label.AUDIENCE: 0.7, Label.OCCASION: 0.6}
_SERIES, _TARGET, _SERIES_TARGET = 0.8, 0.96, 0.92


def name_spans(title: Title, knowledge: Knowledge) -> list[Span]:
    """Candidates, which may overlap."""
    phrases = knowledge.types.phrases(title)
    series = [
        Span(match.start, match.end, Label.SERIES, _SERIES)
        for match in knowledge.series.find(title.folded.text, title.brand)
    ]
    fitting = title.fits or any(phrase.head in knowledge.types.fitting for phrase in phrases)
    models = knowledge.models.find(title, phrases, series)
    spans = [Span(phrase.start, phrase.end, Label.TYPE, _TYPE) for phrase in phrases]
    spans += [*_looked_up(title, fitting, models), *series, *models]
    if fitting:
        spans += _named_targets(title, series, models)
    return spans


def _looked_up(title: Title, fitting: bool, models: Sequence[Span]) -> Iterator[Span]:
    owned = any(mark is Mark.BRAND for mark in title.marks)
    own = {(span.start, span.end) for span in models if span.confidence >= 0.95}
    for match in title.matches:
        labels = {entry.label for entry in match.entries}
        if Label.BRAND in labels:
            if any(entry.label is Label.BRAND and entry.brand for entry in match.entries):
                yield Span(match.start, match.end, Label.BRAND, _OWN_BRAND)
            elif not owned and match.start == 0:
                yield Span(match.start, match.end, Label.BRAND, _OPENING_BRAND)
        elif Label.TYPE in labels:
            yield Span(match.start, match.end, Label.TYPE, _CHINESE_TYPE)
        elif Label.TARGET in labels and fitting and (match.start, match.end) not in own:
            yield Span(match.start, match.end, Label.TARGET, _TARGET)
        for label in labels & _UNSTATED.keys():
            yield Span(match.start, match.end, label, _confidence(title, match, label))


def _confidence(title: Title, match: Match, label: Label) -> float:
    words = match.entries[0].name.split()
    stated = label in _STATED and all(word in title.stated for word in words)
    return _STATED[label] if stated else _UNSTATED[label]


def _named_targets(title: Title, series: Sequence[Span], models: Sequence[Span]) -> Iterator[Span]:
    """A series and the number after it, on something that is made to fit others: what it fits."""
    for line in series:
        for number in models:
            follows = title.folded.text[line.end : number.start] == " "
            if follows and number.confidence < 0.95:
                yield Span(line.start, number.end, Label.TARGET, _SERIES_TARGET)
