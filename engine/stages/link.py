"""Stage 1: finds the entities of the knowledge graph that a query names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import log1p
from typing import Protocol

import numpy as np

from engine.stages.spelling import SpellingCorrector
from engine.stages.understand import Correction, Linking
from engine.text import has_cjk, singular
from engine.types import Entity, EntityKind, EntityLink, RowArray

MAX_SPAN = 6
"""Words of the longest name that is looked for."""
MAX_SENSES = 4
"""Entities that one span may name."""
CONTEXT_PRODUCTS = 20_000
"""Products of an entity that are read to see what it shares with the rest of the query."""

_KIND_WEIGHT = {
    EntityKind.CATEGORY: 1.0,
    EntityKind.BRAND: 1.0,
    EntityKind.COLOR: 0.9,
    EntityKind.MATERIAL: 0.8,
    EntityKind.SERIES: 0.8,
    EntityKind.COMPATIBLE_TARGET: 0.7,
    EntityKind.MODEL: 0.7,
    EntityKind.SIZE: 0.7,
    EntityKind.CAPACITY: 0.7,
    EntityKind.AUDIENCE: 0.6,
    EntityKind.OCCASION: 0.6,
    EntityKind.ATTRIBUTE_VALUE: 0.5,
}
_CORRECTED = 0.8
"""Confidence of a name that holds a corrected word, relative to one spelled right."""
_DOUBT = 0.3
_DOUBTFUL_KINDS = frozenset({EntityKind.ATTRIBUTE_VALUE, EntityKind.COMPATIBLE_TARGET})
_SMOOTHING = 2
"""Products added to both sides of a comparison, so that one shared product proves little."""
_HYPHEN = re.compile(r"[-‐]")
_NO_LETTER = re.compile(r"^[\W\d_]*$")
_FUNCTION_WORD_LIST = """
a an and are as at be but by for from how i in is it my me no not of off on or our so than that the their this
to up was we what which with without you your all any new old best cheap good under over
"""
_FUNCTION_WORDS = frozenset(_FUNCTION_WORD_LIST.split())


class Neighbourhood(Protocol):
    """The products of an entity: all the linker needs of the graph."""

    def products(self, entity: Entity, limit: int) -> RowArray: ...


@dataclass(frozen=True, slots=True)
class _Sense:
    entity: Entity
    confidence: float


@dataclass(frozen=True, slots=True)
class _Span:
    """Words `[start, end)` name one of the senses."""

    start: int
    end: int
    senses: tuple[_Sense, ...]


class EntityLinker:
    """Longest names first, spans do not overlap; an ambiguous span keeps up to four senses.

    Of several senses, those of a stronger kind and with more products are surer, and those that share
    products with the rest of the query more than the others. Pure and safe to share between threads.
    """

    def __init__(
        self,
        labels: Iterable[tuple[str, Entity, float]],
        words: Mapping[str, int],
        graph: Neighbourhood | None = None,
    ) -> None:
        """`labels` are (tokens joined by blanks, entity, confidence); `words` counts known words, for
        typos; without `graph` the senses of a word are not told apart by the rest of the query.
        """
        found: defaultdict[str, dict[str, _Sense]] = defaultdict(dict)
        named: set[str] = set()
        for text, entity, confidence in labels:
            parts = text.split(" ")
            if not _may_be_named(parts):
                continue
            named.update(parts)
            for key in _keys(parts):
                known = found[key].get(entity.iri)
                if known is None or known.confidence < confidence:
                    found[key][entity.iri] = _Sense(entity, confidence)
        self._senses = {key: _weigh(tuple(senses.values())) for key, senses in found.items()}
        self._corrector = SpellingCorrector(words, protected=named)
        self._graph = graph

    def link(self, words: Sequence[str]) -> Linking:
        read = [self._corrector.correct(word) for word in words]
        tokens = tuple(better or word for word, better in zip(words, read, strict=True))
        corrections = tuple(
            Correction(word, better) for word, better in zip(words, read, strict=True) if better is not None
        )
        links = _links(tokens, _heads_last(self._in_context(self._spans(tokens))))
        doubted = (
            replace(link, confidence=link.confidence * _CORRECTED)
            if any(read[link.start : link.end])
            else link
            for link in links
        )
        return Linking(tokens, corrections, tuple(doubted) if corrections else links)

    def names(self, words: Sequence[str]) -> tuple[EntityLink, ...]:
        """What a text of the shop names, as it is written: no word is corrected, and no sense is weighed by
        what else the text names.
        """
        return _links(words, _heads_last(self._spans(words)))

    def _spans(self, tokens: Sequence[str]) -> list[_Span]:
        keys = [_key([token]) for token in tokens]
        taken = [False] * len(tokens)
        spans = []
        for length in range(min(MAX_SPAN, len(tokens)), 0, -1):
            for start in range(len(tokens) - length + 1):
                end = start + length
                if any(taken[start:end]) or (length == 1 and tokens[start] in _FUNCTION_WORDS):
                    continue
                senses = self._senses.get(" ".join(keys[start:end]))
                if senses is None and length == 2 and _may_be_one(tokens[start:end]):
                    senses = self._senses.get("".join(keys[start:end]))
                if senses is not None:
                    taken[start:end] = [True] * length
                    spans.append(_Span(start, end, senses))
        return sorted(spans, key=lambda span: span.start)

    def _in_context(self, spans: list[_Span]) -> list[_Span]:
        """Scale the senses of ambiguous spans by what they share with the other spans."""
        if self._graph is None or len(spans) < 2:
            return spans
        rows = {
            sense.entity.iri: self._graph.products(sense.entity, CONTEXT_PRODUCTS)
            for span in spans
            for sense in span.senses
        }
        return [_with_context(span, spans, rows) for span in spans]


def _links(tokens: Sequence[str], spans: Iterable[_Span]) -> tuple[EntityLink, ...]:
    return tuple(
        EntityLink(
            sense.entity, span.start, span.end, " ".join(tokens[span.start : span.end]), sense.confidence
        )
        for span in spans
        for sense in span.senses
    )


def _keys(parts: Sequence[str]) -> set[str]:
    """Under which keys a name is found: `wi-fi` also as `wi fi` and `wifi`."""
    joined = {_key(parts)}
    if len(parts) == 1 and _HYPHEN.search(parts[0]):
        pieces = [piece for piece in _HYPHEN.split(parts[0]) if piece]
        joined |= {_key(pieces), "".join(pieces)}
    if len(parts) == 2 and _may_be_one(parts):
        joined.add("".join(_key([part]) for part in parts))
    return joined


def _may_be_one(words: Sequence[str]) -> bool:
    """`head set` may be written for `headset`; `a 3` is not A3."""
    return all(word.isalpha() and len(word) > 1 and word not in _FUNCTION_WORDS for word in words)


def _key(parts: Sequence[str]) -> str:
    return " ".join(singular(part) for part in parts)


def _may_be_named(parts: Sequence[str]) -> bool:
    """Numbers alone, single letters and function words name nothing; a single Chinese character does."""
    if len(parts) > MAX_SPAN or all(_NO_LETTER.match(part) or part in _FUNCTION_WORDS for part in parts):
        return False
    return len(parts) > 1 or len(parts[0]) > 1 or has_cjk(parts[0])


def _weigh(senses: Sequence[_Sense]) -> tuple[_Sense, ...]:
    """The surest senses of one name. A lone sense keeps the name's confidence; several are scaled by kind
    and by the logarithm of their products, the strongest to 1.
    """
    strength = {
        sense.entity.iri: _KIND_WEIGHT[sense.entity.kind] * log1p(1 + sense.entity.product_count)
        for sense in senses
    }
    strongest = max(strength.values())
    scaled = [
        _Sense(sense.entity, sense.confidence * strength[sense.entity.iri] / strongest) for sense in senses
    ]
    return _surest(scaled)


def _surest(senses: Iterable[_Sense]) -> tuple[_Sense, ...]:
    return tuple(sorted(senses, key=lambda sense: (-sense.confidence, sense.entity.iri))[:MAX_SENSES])


def _heads_last(spans: list[_Span]) -> list[_Span]:
    """Of two product words in a row the last says what is wanted: a phone stand is no phone."""
    read = []
    for span, following in zip_longest(spans, spans[1:]):
        if following is not None and following.start == span.end and _names_products(following):
            senses = [
                _Sense(sense.entity, sense.confidence * (_DOUBT if _is_category(sense) else 1.0))
                for sense in span.senses
            ]
            read.append(_Span(span.start, span.end, _surest(senses)))
        else:
            read.append(span)
    return read


def _names_products(span: _Span) -> bool:
    return _is_category(span.senses[0])


def _is_category(sense: _Sense) -> bool:
    return sense.entity.kind is EntityKind.CATEGORY


def _with_context(span: _Span, spans: Sequence[_Span], rows: Mapping[str, RowArray]) -> _Span:
    """A one-word value or target that shares no product with the rest is doubted; of several senses, the one
    that shares most keeps its confidence, and one that shares less keeps at least 0.4 of it.
    """
    others = [rows[sense.entity.iri] for other in spans if other is not span for sense in other.senses]
    shared = [max(_overlap(rows[sense.entity.iri], other) for other in others) for sense in span.senses]
    most = max(shared)
    senses = []
    for sense, share in zip(span.senses, shared, strict=True):
        factor = 0.4 + 0.6 * (share + _SMOOTHING) / (most + _SMOOTHING)
        one_word = span.end - span.start == 1
        doubted = not share and one_word and sense.entity.kind in _DOUBTFUL_KINDS
        senses.append(_Sense(sense.entity, sense.confidence * factor * (_DOUBT if doubted else 1.0)))
    return _Span(span.start, span.end, _surest(senses))


def _overlap(rows: RowArray, others: RowArray) -> int:
    """How many ascending rows two lists share: the shorter is looked up in the longer."""
    short, long = (rows, others) if len(rows) <= len(others) else (others, rows)
    if not len(short):
        return 0
    places = np.searchsorted(long, short)
    places[places == len(long)] = 0
    return int(np.count_nonzero(long[places] == short))
