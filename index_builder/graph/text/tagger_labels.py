"""Tags for tokens (BIO), projected from what the catalogue states onto its titles, and read back into spans.

Distant supervision (Mintz et al., ACL 2009): no title is labelled by hand. A token is labelled where a name
that the catalogue states, or a measure, covers it; it is "outside" where it is known to be none of them.
Every other token is left out of the loss, since nobody knows what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.types import FloatArray
from index_builder.graph.evidence import Extractor, Label
from index_builder.graph.text.folded import is_word_edge
from index_builder.graph.text.span import Span
from index_builder.graph.text.titles import Mark, Title

TAGS = ("O", *(f"{place}-{label}" for label in Label for place in "BI"))
"""Tag 0 is "outside"; label i has tags 2i + 1 (its first token) and 2i + 2 (the others)."""
IGNORED = -100
SURE = 0.8
"""Spans less sure than this teach nothing."""
_OUTSIDE = (Mark.FUNCTION, Mark.QUALITY)
_LABELS = tuple(Label)
Offsets = Sequence[tuple[int, int]]


def tags_of(title: Title, spans: Iterable[Span], offsets: Offsets) -> list[int]:
    """One tag for each token; `offsets` are its characters in the folded title, (0, 0) for special tokens."""
    taught = [span for span in spans if span.confidence >= SURE]
    doubtful = [span for span in spans if span.confidence < SURE]
    known = [
        (word.start, word.end)
        for word, mark in zip(title.words, title.marks, strict=True)
        if mark in _OUTSIDE or mark is Mark.QUANTITY or word.single in title.stated.words
    ]
    tags = []
    for start, end in offsets:
        covering = next((span for span in taught if span.start <= start < span.end), None)
        if start == end:
            tags.append(IGNORED)
        elif covering is not None:
            tags.append(2 * _LABELS.index(covering.label) + (1 if start == covering.start else 2))
        elif any(span.start <= start < span.end for span in doubtful):
            tags.append(IGNORED)
        else:
            sign = not any(letter.isalnum() for letter in title.folded.text[start:end])
            outside = sign or any(first <= start < last for first, last in known)
            tags.append(0 if outside else IGNORED)
    return tags


def spans_of(text: str, offsets: Offsets, probabilities: FloatArray) -> list[Span]:
    """Spans of whole words that the tags of highest probability make; `probabilities` is (tokens, tags). The
    confidence is the least probability of its label among the span's tokens, not calibrated.
    """
    labels = 1 + 2 * np.arange(len(_LABELS))
    by_label = probabilities[:, labels] + probabilities[:, labels + 1]
    found: list[Span] = []
    for place, (start, end) in enumerate(offsets):
        best = int(by_label[place].argmax())
        sure = float(by_label[place, best])
        if start == end or sure <= probabilities[place, 0]:
            continue
        label, last = _LABELS[best], found[-1] if found else None
        begins = probabilities[place, 2 * best + 1] > probabilities[place, 2 * best + 2]
        inside = not is_word_edge(text, start)
        near = last is not None and start <= last.end + 1
        if last is not None and near and (inside or (last.label is label and not begins)):
            sure = min(sure, last.confidence) if last.label is label else last.confidence
            found[-1] = Span(last.start, end, last.label, sure, Extractor.TAGGER)
        elif not inside:
            found.append(Span(start, end, label, sure, Extractor.TAGGER))
    return [span for span in found if is_word_edge(text, span.end)]
