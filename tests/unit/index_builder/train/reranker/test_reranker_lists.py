from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import ConfigError
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.reranker.reranker_lists import check_labels, learnable, some_of


def query(text: str, rows: list[int], grades: list[float], answers: list[int] | None = None) -> TrainingQuery:
    known = np.array(sorted(answers or rows), np.int64)
    return TrainingQuery(
        text, np.array(rows, np.int64), np.array(grades, np.float32), known, Origin.JUDGEMENTS
    )


def many(count: int, grades: list[float]) -> list[TrainingQuery]:
    return [query(f"q{number}", list(range(len(grades))), grades) for number in range(count)]


def test_both_sides_and_enough_pairs_will_do() -> None:
    check_labels(many(50, [1.0, 0.4]))


@pytest.mark.parametrize(
    ("queries", "said"),
    [
        ([], "There are 0 training pairs in 0 queries"),
        (many(10, [1.0, 0.0]), "There are 20 training pairs in 10 queries"),
        (many(50, [0.4, 0.0]), "None of the 100 training pairs answers its query"),
        (many(50, [0.5, 1.0]), "All of the 100 training pairs answer their query"),
    ],
)
def test_other_labels_are_refused_in_one_sentence(queries: list[TrainingQuery], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_labels(queries)


def test_long_lists_are_dealt_out_with_every_grade_in_every_part() -> None:
    grades = [1.0] * 3 + [0.6] * 6 + [0.0] * 9
    parts = learnable([query("ink", list(range(18)), grades)], list_size=6, max_pairs=99, seed=0)

    assert len(parts) == 3
    for part in parts:
        assert sorted(part.grades.tolist()) == pytest.approx([0, 0, 0, 0.6, 0.6, 1])
    assert sorted(row for part in parts for row in part.rows.tolist()) == list(range(18))


def test_a_query_with_answers_alone_borrows_products_that_do_not_answer_it() -> None:
    bought = query("ink", [1], [1.0], answers=[1, 2])
    others = query("lamp", [2, 3, 4, 5, 6], [1.0, 0, 0, 0, 0])
    lists = learnable([bought, others], list_size=8, max_pairs=99, seed=0)
    found = next(each for each in lists if each.text == "ink")

    # Row 2 answers it though nobody graded it here; four of the other rows are borrowed.
    assert sorted(found.rows.tolist()) == [1, 3, 4, 5, 6]
    assert found.grades.tolist() == [1, 0, 0, 0, 0]
    assert next(each for each in lists if each.text == "lamp").rows.tolist() == [2, 3, 4, 5, 6]


def test_pairs_are_bounded_and_the_seed_decides() -> None:
    queries = many(40, [1.0, 0.0])
    drawn = [
        [each.text for each in learnable(queries, list_size=8, max_pairs=20, seed=seed)] for seed in (0, 0, 1)
    ]

    assert len(drawn[0]) == 10
    assert drawn[0] == drawn[1] != drawn[2]


def test_some_are_whole_queries() -> None:
    assert [len(each.rows) for each in some_of(many(9, [1.0, 0.0, 0.0]), max_pairs=7, seed=0)] == [3, 3, 3]


def test_what_people_judged_comes_before_what_was_composed() -> None:
    composed = [
        replace(each, text=f"graph {each.text}", origin=Origin.GRAPH) for each in many(50, [1.0, 0.0])
    ]
    judged = many(5, [1.0, 0.0])

    lists = learnable([*composed, *judged], list_size=4, max_pairs=12, seed=0)

    # Five judged lists of two pairs, and one composed list for the two pairs that are left.
    assert [each.origin for each in lists] == [Origin.JUDGEMENTS] * 5 + [Origin.GRAPH]
