import numpy as np

from engine.types import FloatArray
from index_builder.graph.evidence import Extractor, Label
from index_builder.graph.text.gazetteer import Gazetteer
from index_builder.graph.text.span import Span
from index_builder.graph.text.tagger_labels import IGNORED, TAGS, spans_of, tags_of
from index_builder.graph.text.titles import prepare
from tests.unit.index_builder.graph.text.shop import product

OUTSIDE, B_TYPE, I_TYPE = TAGS.index("O"), TAGS.index("B-type"), TAGS.index("I-type")
B_COLOR = TAGS.index("B-color")


def test_tokens_are_taught_where_something_is_known_and_left_out_elsewhere() -> None:
    title = prepare(product("Acme frobnic desk lamp for 230V"), Gazetteer([]))
    spans = [Span(13, 22, Label.TYPE, 0.9), Span(0, 4, Label.BRAND, 0.5)]
    offsets = [(0, 0), (0, 4), (5, 12), (13, 17), (18, 20), (20, 22), (23, 26), (27, 30), (30, 31)]

    tags = tags_of(title, spans, offsets)

    # [CLS], the doubtful brand and the unknown word teach nothing; "for" and "230V" are known to be none.
    assert tags == [IGNORED, IGNORED, IGNORED, B_TYPE, I_TYPE, I_TYPE, OUTSIDE, OUTSIDE, OUTSIDE]


def probabilities(*tags: tuple[int, float]) -> FloatArray:
    """Rows with the given probability at the tag, and the rest at "outside" (or at B-type, for outside)."""
    rows = np.zeros((len(tags), len(TAGS)), np.float32)
    for row, (tag, sure) in zip(rows, tags, strict=True):
        row[tag] = sure
        row[OUTSIDE if tag != OUTSIDE else B_TYPE] += 1 - sure
    return rows


def test_spans_are_whole_words_with_the_confidence_of_their_weakest_token() -> None:
    text = "acme desk lamp red"
    offsets = [(0, 4), (5, 9), (10, 12), (12, 14), (15, 18)]
    rows = probabilities((OUTSIDE, 0.9), (B_TYPE, 0.95), (I_TYPE, 0.8), (OUTSIDE, 0.9), (B_COLOR, 0.75))

    found = spans_of(text, offsets, rows)

    # The second half of "lamp" is outside by itself: half a word is no span.
    assert found == [Span(15, 18, Label.COLOR, 0.75, Extractor.TAGGER)]


def test_a_token_that_begins_a_label_parts_it_from_the_one_before() -> None:
    rows = probabilities((B_TYPE, 0.9), (I_TYPE, 0.8), (B_TYPE, 0.7))

    found = spans_of("desk lamp kettle", [(0, 4), (5, 9), (10, 16)], rows)

    assert [(span.start, span.end) for span in found] == [(0, 9), (10, 16)]
    assert [round(span.confidence, 2) for span in found] == [0.8, 0.7]
