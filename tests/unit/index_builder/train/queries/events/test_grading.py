import numpy as np
import pytest

from index_builder.train.queries.events.evidence import Evidence, from_clicks, from_showings
from index_builder.train.queries.events.examination import assumed
from index_builder.train.queries.events.grading import grades, training_queries
from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.showings import Showings
from index_builder.train.queries.events.smoothing import BetaPrior
from index_builder.train.queries.query import Origin

RULES = EventRules(full_clicks=100)


def evidence(*pairs: tuple[int, int, float, float], strength: float = 2.0) -> Evidence:
    """Of (query, product, clicks, looks)."""
    query, product, clicks, looked = zip(*pairs, strict=True)
    return Evidence(
        np.array(query),
        np.array(product),
        np.array(clicks, float),
        np.array(looked, float),
        np.ones(len(pairs)),
        BetaPrior(0.1, strength),
    )


def test_the_grade_is_the_lower_bound_beside_the_best_of_the_query() -> None:
    known = evidence((0, 1, 500, 1_000), (0, 2, 400, 1_000), (0, 3, 100, 1_000), (1, 1, 20, 1_000))
    graded = grades(known, negatives=True)
    assert graded.grade == pytest.approx(
        known.at_least / np.array([known.at_least[0]] * 3 + [known.at_least[3]])
    )
    assert graded.grade[1] == pytest.approx(400 / 500, abs=0.02)
    assert graded.answer.tolist() == [True, True, False, True]
    assert graded.negative.tolist() == [False, False, True, False]


def test_one_lucky_click_does_not_beat_many() -> None:
    graded = grades(evidence((0, 1, 1, 1), (0, 2, 50, 100)), negatives=True)
    assert graded.grade.tolist() == [pytest.approx(graded.grade[0]), 1.0]
    assert not graded.negative.any()


def test_without_a_click_it_takes_enough_looks_to_be_a_negative() -> None:
    # The best is expected to be worth (50 + .2) / (100 + 2) = .49, half of that .246. Nothing in 10 looks
    # leaves at most .206, nothing in 8 at most .25.
    graded = grades(evidence((0, 1, 50, 100), (0, 2, 0, 10), (0, 3, 0, 8), (0, 4, 0, 0)), negatives=True)
    assert graded.negative.tolist() == [False, True, False, False]
    assert graded.grade.tolist() == [1, 0, 0, 0]
    assert not graded.unsure.any()


def test_a_handful_of_looks_makes_no_negative_even_beside_a_product_that_all_click() -> None:
    # Nothing in 9 looks leaves at most .23, less than half of .99; but nine looks are too few to trust.
    graded = grades(evidence((0, 1, 995, 1_000), (0, 2, 0, 9), (0, 3, 0, 10)), negatives=True)
    assert graded.negative.tolist() == [False, False, True]


def test_less_attractive_queries_need_more_looks() -> None:
    # Half of the best's worth is about .01: nothing in 100 looks still leaves .023.
    graded = grades(evidence((0, 1, 20, 1_000), (0, 2, 0, 100), (0, 3, 0, 500)), negatives=True)
    assert graded.negative.tolist() == [False, False, True]


def test_a_product_with_few_clicks_that_may_yet_be_good_is_unsure() -> None:
    graded = grades(evidence((0, 1, 50, 100), (0, 2, 1, 8)), negatives=True)
    assert graded.grade[1] < 0.5
    assert graded.unsure.tolist() == [False, True]


def test_a_log_without_impressions_has_no_negatives() -> None:
    graded = grades(evidence((0, 1, 90, 100), (0, 2, 0, 100), (0, 3, 5, 100)), negatives=False)
    assert not graded.negative.any()
    assert graded.unsure.tolist() == [False, False, True]


def test_queries_hold_answers_and_negatives_and_protect_what_is_unsure() -> None:
    known = evidence((0, 7, 45, 100), (0, 2, 0, 60), (0, 4, 1, 8), (0, 1, 54, 100), (1, 3, 0, 60))
    first = training_queries(known, grades(known, negatives=True), ("ink", "pen"), RULES)
    (query,) = first
    assert (query.text, query.origin) == ("ink", Origin.EVENTS)
    assert query.rows.tolist() == [1, 7, 2]
    assert query.grades.tolist() == [1, pytest.approx(45 / 54, abs=0.03), 0]
    assert query.answers.tolist() == [1, 4, 7]
    # 45 + 1 + 54 clicks are as many as count in full.
    assert query.weight == 1
    dtypes = [values.dtype.name for values in (query.rows, query.grades, query.answers)]
    assert dtypes == ["int64", "float32", "int64"]


def test_the_weight_grows_with_the_logarithm_of_the_clicks() -> None:
    known = evidence((0, 1, 9, 20), (1, 1, 3, 20))
    nine, three = training_queries(known, grades(known, negatives=True), ("a", "b"), RULES)
    assert nine.weight == pytest.approx(np.log(1 + 9) / np.log(1 + 100))
    assert three.weight == pytest.approx(np.log(1 + 3) / np.log(1 + 100))


def showings(*rows: tuple[int, int, int, EventKind]) -> Showings:
    """Of (query, product, position, stage)."""
    return Showings(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))


def test_looks_count_their_propensity_but_never_less_than_the_clipped_one() -> None:
    happened = showings(
        (0, 1, 1, EventKind.CLICK),
        (0, 1, 4, EventKind.IMPRESSION),
        (0, 2, 100, EventKind.CLICK),
    )
    found = from_showings(happened, assumed(100, RULES), RULES)
    assert found.clicks.tolist() == [1, 1]
    assert found.looked == pytest.approx([1 / 1 + 1 / 4, 0.05])


def test_purchases_count_among_clicks_alone() -> None:
    # Product 1 and 2 have two clicks, product 1 a purchase among them; product 3 has none.
    happened = showings(
        (0, 1, 1, EventKind.PURCHASE),
        (0, 1, 1, EventKind.CLICK),
        (0, 2, 1, EventKind.CLICK),
        (0, 2, 1, EventKind.CLICK),
        (0, 3, 1, EventKind.IMPRESSION),
    )
    found = from_showings(happened, assumed(1, RULES), RULES)
    # A purchase is worth 5 clicks: the mean is (5 + 3) / 4 = 2, and counts as 5 more clicks for each product.
    assert found.value == pytest.approx([(6 + 5 * 2) / 7 / 2, (2 + 5 * 2) / 7 / 2, 1])
    assert found.clicks.tolist() == [2, 2, 0]


def test_clicks_alone_are_held_against_the_other_clicks_of_the_query() -> None:
    happened = showings((0, 1, 1, EventKind.CLICK), (0, 1, 1, EventKind.CLICK), (0, 2, 4, EventKind.CLICK))
    found = from_clicks(happened, assumed(4, RULES), RULES)
    # Weights are 1 + 1 and 4; together they are still three clicks.
    assert found.clicks == pytest.approx([3 * 2 / 6, 3 * 4 / 6])
    assert found.looked.tolist() == [3, 3]
