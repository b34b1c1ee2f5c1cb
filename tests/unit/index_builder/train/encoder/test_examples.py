from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from index_builder.train.encoder.examples import ExampleMaker, Examples, ExampleTable
from tests.unit.index_builder.train.small_queries import TEXTS, query, small_data

NONE = np.empty(0, np.int64)


def maker(*queries: object, products: int = 40, negatives: int = 1) -> ExampleMaker:
    return ExampleMaker(queries, products=products, negatives=negatives)  # type: ignore[arg-type]  # all are queries


def equal(one: Examples, other: Examples) -> bool:
    return np.array_equal(one.rows, other.rows) and np.array_equal(one.queries, other.queries)


def test_every_query_comes_up_once_before_any_comes_up_again() -> None:
    queries = [query(str(row), {row: 1.0}) for row in range(6)]
    # Two rounds of 9 examples are three visits to each of 6 queries.
    rounds = [maker(*queries).make(number, 9, []) for number in range(2)]
    order = np.concatenate([each.queries for each in rounds]).tolist()

    assert [sorted(order[start : start + 6]) for start in (0, 6, 12)] == [list(range(6))] * 3
    assert order[:6] != order[6:12]


def test_every_positive_has_its_turn_and_the_better_one_tends_to_come_first() -> None:
    queries = [query(str(place), {0: 1.0, 1: 0.5, 2: 0.4}) for place in range(200)]
    made = maker(*queries).make(0, 400, [])
    first, second = made.rows[:200, 0], made.rows[200:, 0]
    turns = dict(zip(made.queries[:200].tolist(), first.tolist(), strict=True))

    assert all(
        turns[place] + row == 1 for place, row in zip(made.queries[200:].tolist(), second, strict=True)
    )
    # With the grades as odds, 1 : .5, two of three queries begin with row 0: 133 of 200.
    assert 115 <= Counter(first.tolist())[0] <= 150


def test_graded_and_mined_negatives_take_turns_and_random_ones_fill_up() -> None:
    asked = query("ink", {0: 1.0, 7: 0.2}, answers=(1, 2))
    rows = maker(asked, negatives=3).make(0, 1, [np.array([2, 9])]).rows[0]

    # Row 2 was mined, but answers; rows 7 (graded low) and 9 (mined) are left, and one that is neither.
    assert rows[0] == 0
    assert {7, 9} < set(rows[1:].tolist())
    assert not {0, 1, 2} & set(rows[1:].tolist())
    alone = maker(asked).make(0, 2, [np.array([9])]).rows
    assert sorted(alone[:, 1].tolist()) == [7, 9]


def test_a_product_of_nearly_the_same_grade_is_no_negative() -> None:
    rows = maker(query("ink", {0: 0.6, 1: 0.4}), products=3).make(0, 1, [np.array([1])]).rows[0]

    # .6 - .4 is less than .3; row 2 is the only one left that does not answer... or is graded.
    assert rows[0] == 0
    assert rows[1] in (1, 2)
    assert maker(query("ink", {0: 0.6, 1: 0.3}), products=3).make(0, 1, [NONE]).rows[0].tolist() == [0, 1]


def test_grades_stand_beside_the_rows() -> None:
    made = maker(query("ink", {0: 1.0, 7: 0.25})).make(0, 1, [])

    assert made.rows.tolist() == [[0, 7]]
    assert made.grades.tolist() == [[1.0, 0.25]]
    assert np.isnan(made.teacher).all()


def test_queries_without_an_answer_are_left_out() -> None:
    both = maker(query("ink", {0: 0.4}), query("shoe", {8: 1.0}))

    assert both.usable.tolist() == [1]
    with pytest.raises(ConfigError, match="None of the 1 training queries has a product that answers it"):
        maker(query("ink", {0: 0.4}))


@given(seed=st.integers(0, 99), round_=st.integers(0, 3), negatives=st.integers(1, 4))
def test_negatives_are_others_and_no_answers(seed: int, round_: int, negatives: int) -> None:
    data = small_data()
    making = ExampleMaker(data.train, products=len(TEXTS), negatives=negatives, seed=seed)
    made = making.make(round_, 20, [])

    assert equal(made, making.make(round_, 20, []))
    for place, rows in zip(made.queries.tolist(), made.rows.tolist(), strict=True):
        assert rows[0] in data.train[place].answers
        assert not set(rows[1:]) & set(data.train[place].answers.tolist())
        assert len(set(rows)) == 1 + negatives


def test_examples_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = maker(query("ink", {0: 1.0, 7: 0.25})).make(0, 3, [])
    made.write(tmp_path / "round.npz")
    read = Examples.read(tmp_path / "round.npz")

    assert equal(made, read)
    assert (read.grades == made.grades).all()


def test_the_dataset_shows_the_examples_of_the_round_as_texts_with_prompts() -> None:
    data = small_data()
    making = ExampleMaker(data.train, products=len(TEXTS), negatives=2)
    table = ExampleTable(data.train, TEXTS, query_prompt="query: ", product_prompt="passage: ")
    dataset = table.dataset(4)
    for number in range(2):
        table.examples = making.make(number, 4, [])
        shown = dataset[1]
        rows = table.examples.rows[1]
        assert list(shown) == ["anchor", "positive", "negative_1", "negative_2", "label"]
        assert shown["anchor"] == "query: " + data.train[table.examples.queries[1]].text
        columns = ("positive", "negative_1", "negative_2")
        assert [shown[column] for column in columns] == [f"passage: {TEXTS[row]}" for row in rows]
        assert shown["label"] == 1
