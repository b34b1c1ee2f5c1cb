"""Reads entities out of titles and descriptions, layer upon layer, and settles what they disagree on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.types import Product
from index_builder.graph.draft import Draft
from index_builder.graph.evidence import Extractor, Mention, TextField
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.text.knowledge import Knowledge, learn
from index_builder.graph.text.names import name_spans
from index_builder.graph.text.span import Span, settle
from index_builder.graph.text.titles import Title

LAYERS = frozenset({Extractor.GAZETTEER, Extractor.QUANTITY, Extractor.TAGGER})
_QUANTITY = 0.95


def read_texts(
    products: Sequence[Product],
    draft: Draft,
    *,
    ontologies: Sequence[Ontology] = (),
    layers: Collection[Extractor] = LAYERS,
    knowledge: Knowledge | None = None,
) -> list[Mention]:
    """Mentions by row, field and place, without overlaps inside a field. Row i is product i."""
    knowledge = knowledge or learn(products, draft, ontologies)
    mentions: list[Mention] = []
    for row, title in enumerate(knowledge.titles):
        spans = settle(_spans(title, knowledge, layers))
        mentions += [_mention(row, TextField.TITLE, title, span) for span in spans]
    return mentions


def _spans(title: Title, knowledge: Knowledge, layers: Collection[Extractor]) -> list[Span]:
    spans: list[Span] = []
    if Extractor.GAZETTEER in layers:
        spans += name_spans(title, knowledge)
    if Extractor.QUANTITY in layers:
        spans += [
            Span(each.start, each.end, each.label, _QUANTITY, Extractor.QUANTITY, each.name)
            for each in title.quantities
        ]
    return spans


def _mention(row: int, field: TextField, title: Title, span: Span) -> Mention:
    start, end = title.folded.span(span.start, span.end)
    name = span.name or title.folded.text[span.start : span.end]
    return Mention(row, field, start, end, span.label, name, span.extractor, span.confidence)
