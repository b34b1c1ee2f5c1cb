from index_builder.graph.evidence import Label
from index_builder.graph.text.span import Span, settle


def test_the_surer_of_two_overlapping_spans_stays() -> None:
    sure, doubtful = Span(0, 5, Label.MODEL, 0.9), Span(3, 9, Label.TYPE, 0.8)

    assert settle([doubtful, sure]) == [sure]


def test_of_equally_sure_spans_the_more_telling_label_stays_then_the_longer_span() -> None:
    kind, color = Span(4, 8, Label.TYPE, 0.9), Span(0, 8, Label.COLOR, 0.9)
    short, long = Span(10, 13, Label.TYPE, 0.9), Span(10, 19, Label.TYPE, 0.9)

    assert settle([color, kind, short, long]) == [kind, long]


def test_spans_that_touch_do_not_overlap() -> None:
    first, second = Span(0, 4, Label.SIZE, 0.9), Span(4, 6, Label.COLOR, 0.5)

    assert settle([second, first]) == [first, second]
