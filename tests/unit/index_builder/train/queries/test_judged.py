import pytest

from engine.errors import ConfigError
from index_builder.judgements import Judgements
from index_builder.train.queries.judged import ONE_SIDED, UNKNOWN, judged_source, one_sided
from index_builder.train.queries.query import Origin

ROWS = {"a": 0, "b": 1, "c": 2, "d": 3}


def judged(**ratings: dict[str, float]) -> Judgements:
    return Judgements({query: f"text of {query}" for query in ratings}, ratings)


def test_grades_are_shares_of_the_best_rating_of_all() -> None:
    judgements = judged(one={"a": 4, "b": 2, "c": 1, "d": -1}, two={"a": 1, "b": 0})
    first, second = judged_source(judgements, ROWS, min_queries=1).queries
    assert first.text == "text of one"
    assert first.origin is Origin.JUDGEMENTS
    assert first.rows.tolist() == [0, 1, 2, 3]
    assert first.grades.tolist() == [4 / 4, 2 / 4, 1 / 4, 0]
    assert first.answers.tolist() == [0, 1]
    # 1 / 4 is no answer by itself, but the best there is for this query, so that it counts as one.
    assert second.grades.tolist() == [0.5, 0]
    assert second.answers.tolist() == [0]


def test_products_that_are_gone_are_counted_and_left_out() -> None:
    source = judged_source(judged(one={"a": 1, "gone": 1, "b": 0}), ROWS, min_queries=1)
    assert source.queries[0].rows.tolist() == [0, 1]
    assert source.dropped == {UNKNOWN: 1}


def test_a_query_without_an_answer_left_is_dropped() -> None:
    source = judged_source(judged(one={"gone": 1, "b": 0}, two={"a": 1, "b": 0}), ROWS, min_queries=1)
    assert [query.text for query in source.queries] == ["text of two"]


def test_judgements_of_another_catalogue_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"2 of the 3 judged products are not in the catalogue.* x1, x2"):
        judged_source(judged(one={"x1": 1, "x2": 1, "a": 1}), ROWS, min_queries=1)


def test_too_few_queries_are_refused_with_what_is_needed() -> None:
    with pytest.raises(ConfigError, match=r"Only 1 judged queries .* at least 20"):
        judged_source(judged(one={"a": 1, "b": 0}), ROWS)


def test_labels_without_anything_worse_are_told() -> None:
    source = judged_source(judged(one={"a": 1, "b": 1}, two={"c": 1}), ROWS, min_queries=1)
    assert one_sided(source)
    assert source.dropped == {ONE_SIDED: 2}
    assert not one_sided(judged_source(judged(one={"a": 1, "b": 0}), ROWS, min_queries=1))
