import numpy as np
import pytest

from index_builder.train.queries.merging import merged
from index_builder.train.queries.query import Origin, TrainingQuery


def said(
    origin: Origin, grades: dict[int, float], answers: list[int], text: str = "ink", weight: float = 1.0
) -> TrainingQuery:
    rows = np.array(list(grades), np.int64)
    kept = np.array(list(grades.values()), np.float32)
    return TrainingQuery(text, rows, kept, np.array(answers, np.int64), origin, weight, origin.value)


def test_the_stronger_origin_wins_for_a_product_that_both_judge() -> None:
    composed = said(Origin.GRAPH, {1: 1.0, 2: 0.3}, [1, 5])
    bought = said(Origin.EVENTS, {2: 0.8, 1: 0.2}, [2], weight=2.0)
    (one,) = merged([composed, bought])
    assert dict(zip(one.rows.tolist(), one.grades.tolist(), strict=True)) == pytest.approx({1: 0.2, 2: 0.8})
    # 1 answers as the graph has it, but people did not take it; 5 nobody contradicts.
    assert one.answers.tolist() == [2, 5]
    assert (one.origin, one.weight, one.kind) == (Origin.EVENTS, 2.0, "events")


def test_texts_are_the_same_when_they_are_normalised() -> None:
    first, second = said(Origin.GRAPH, {1: 1.0}, [1], "HP  Ink"), said(Origin.GRAPH, {2: 1.0}, [2], "hp ink")
    (one,) = merged([first, second])
    assert one.rows.tolist() == [1, 2]
    assert one.answers.tolist() == [1, 2]


def test_within_one_origin_the_better_grade_stands() -> None:
    (one,) = merged([said(Origin.JUDGEMENTS, {1: 0.3}, []), said(Origin.JUDGEMENTS, {1: 1.0}, [1])])
    assert one.grades.tolist() == [1.0]


def test_different_texts_stay_apart_and_in_order() -> None:
    queries = [said(Origin.GRAPH, {1: 1.0}, [1], text) for text in ("ink", "toner")]
    assert merged(queries) == queries
