"""Reads entities out of titles and descriptions, layer upon layer, and settles what they disagree on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from engine.text import normalise
from engine.types import Product
from index_builder.graph.draft import Draft
from index_builder.graph.evidence import Extractor, Label, Mention, TextField
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.text.folded import Folded, fold
from index_builder.graph.text.knowledge import Knowledge, learn
from index_builder.graph.text.names import name_spans
from index_builder.graph.text.quantities import quantities
from index_builder.graph.text.span import Span, settle
from index_builder.graph.text.tagger import Tagger
from index_builder.graph.text.titles import Title

LAYERS = frozenset({Extractor.GAZETTEER, Extractor.QUANTITY, Extractor.TAGGER})
_QUANTITY = 0.95
_MIN_TAGGER = 0.9
"""Calibrated confidence that the tagger needs to fill a gap of the other layers."""
_MEASURED = frozenset({Label.SIZE, Label.CAPACITY})
"""Left to the quantities: an amount that cannot be parsed has no name to meet others by."""
_DESCRIPTION = 0.6
"""A description also speaks of other things: what it says weighs this share of what a title says."""
_IN_DESCRIPTIONS = frozenset({Label.COLOR, Label.MATERIAL, Label.AUDIENCE, Label.OCCASION})
_MAX_DESCRIPTION = 2000
"""Characters of a description that are read."""


def read_texts(
    products: Sequence[Product],
    draft: Draft,
    *,
    tagger: Tagger | None = None,
    ontologies: Sequence[Ontology] = (),
    layers: Collection[Extractor] = LAYERS,
    descriptions: bool = True,
    knowledge: Knowledge | None = None,
) -> list[Mention]:
    """Mentions by row, field and place, without overlaps inside a field. Row i is product i.

    Titles are read by all `layers` (the tagger only where one is given: it fills what the others leave open);
    descriptions by names and quantities alone, and only for what the title does not say. `knowledge` saves
    learning it again.
    """
    knowledge = knowledge or learn(products, draft, ontologies)
    read = sure_spans(knowledge, layers)
    if tagger is not None and Extractor.TAGGER in layers:
        tagged = tagger.read([title.folded.text for title in knowledge.titles])
        read = [_filled(ours, theirs) for ours, theirs in zip(read, tagged, strict=True)]
    mentions: list[Mention] = []
    for row, (product, title, spans) in enumerate(zip(products, knowledge.titles, read, strict=True)):
        mentions += [_mention(row, TextField.TITLE, title.folded, span) for span in spans]
        if descriptions and product.description:
            said = {(span.label, _name(title.folded, span)) for span in spans}
            folded = fold(product.description[:_MAX_DESCRIPTION])
            for span in settle(_in_description(folded, title, knowledge, layers)):
                if (span.label, _name(folded, span)) not in said:
                    mentions.append(_mention(row, TextField.DESCRIPTION, folded, span))
    return mentions


def sure_spans(knowledge: Knowledge, layers: Collection[Extractor] = LAYERS) -> list[list[Span]]:
    """Settled spans of every title by names and quantities, as the tagger is taught with."""
    return [settle(_in_title(title, knowledge, layers)) for title in knowledge.titles]


def _in_title(title: Title, knowledge: Knowledge, layers: Collection[Extractor]) -> Iterator[Span]:
    if Extractor.GAZETTEER in layers:
        yield from name_spans(title, knowledge)
    if Extractor.QUANTITY in layers:
        for each in title.quantities:
            yield Span(each.start, each.end, each.label, _QUANTITY, Extractor.QUANTITY, each.name)


def _filled(ours: Sequence[Span], theirs: Sequence[Span]) -> list[Span]:
    """With the tagger alone its spans are all there is; else those that are sure and overlap none of ours."""
    if not ours:
        return list(theirs)
    free = [
        span
        for span in theirs
        if span.confidence >= _MIN_TAGGER
        and span.label not in _MEASURED
        and all(span.end <= other.start or other.end <= span.start for other in ours)
    ]
    return sorted([*ours, *free], key=lambda span: span.start)


def _in_description(
    folded: Folded, title: Title, knowledge: Knowledge, layers: Collection[Extractor]
) -> Iterator[Span]:
    if Extractor.QUANTITY in layers:
        for each in quantities(folded):
            sure = _QUANTITY * _DESCRIPTION
            yield Span(each.start, each.end, each.label, sure, Extractor.QUANTITY, each.name)
    if Extractor.GAZETTEER not in layers:
        return
    for match in knowledge.names.find(folded.text, title.brand):
        stated = title.stated.colors | title.stated.materials
        for entry in match.entries:
            known = {Label.COLOR: title.stated.colors, Label.MATERIAL: title.stated.materials}.get(
                entry.label
            )
            contradicted = bool(known) and entry.name not in stated
            if entry.label in _IN_DESCRIPTIONS and not contradicted:
                yield Span(match.start, match.end, entry.label, entry.confidence * _DESCRIPTION)


def _name(folded: Folded, span: Span) -> str:
    return span.name or normalise(folded.text[span.start : span.end])


def _mention(row: int, field: TextField, folded: Folded, span: Span) -> Mention:
    start, end = folded.span(span.start, span.end)
    return Mention(row, field, start, end, span.label, _name(folded, span), span.extractor, span.confidence)
