import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index_builder.evaluate import measure
from index_builder.judgements import Judgements
from index_builder.train.fusion.figures import METRICS, figures, goal, p_value, ranking
from tests.unit.index_builder.train.fusion.graded_lists import judged, parts, weights


def test_the_order_is_that_of_the_weighted_sum() -> None:
    made = parts(3, lexical=[1.0, 0.2, 0.0], dense=[0.1, 0.9, 0.5])

    assert ranking(made, weights(lexical=1.0, dense=1.0), 20).tolist() == [0, 1, 2]  # 1.1, 1.1, 0.5
    assert ranking(made, weights(lexical=1.0, dense=2.0), 20).tolist() == [1, 0, 2]  # 1.2, 2.0, 1.0


def test_the_reranker_moves_only_the_head() -> None:
    made = parts(3, lexical=[1.0, 0.9, 0.8], rerank=[0.0, 0.5, 1.0])
    both = weights(lexical=1.0, rerank=1.0)

    assert ranking(made, both, 3).tolist() == [2, 1, 0]
    assert ranking(made, both, 2).tolist() == [1, 0, 2]
    assert ranking(made, both, 0).tolist() == [0, 1, 2]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([None, 0.0, 1.0, 2.0, 3.0]), st.integers(0, 50)), min_size=1, max_size=30
    )
)
def test_figures_are_those_of_the_evaluation(products: list[tuple[float | None, int]]) -> None:
    """None is an unjudged product; one product that no source finds is judged 3."""
    products = sorted(products, key=lambda each: each[0] is None)
    made = parts(len(products), lexical=[score for _, score in products])
    unjudged = sum(grade is None for grade, _ in products)
    found = judged(made, [(grade or 0.0) / 3 for grade, _ in products], unjudged=unjudged)
    found = type(found)(made, found.grades, found.judged, np.sort(np.append(found.all_grades, 1.0))[::-1])
    ratings = {str(place): grade for place, (grade, _) in enumerate(products) if grade is not None}
    order = ranking(made, weights(lexical=1.0), 0)

    [got] = figures([found], weights(lexical=1.0), 0)

    run = {"q": {str(place): float(100 - rank) for rank, place in enumerate(order.tolist())}}
    wanted = measure(run, Judgements({"q": "ink"}, {"q": {**ratings, "lost": 3.0}}))
    assert dict(zip(METRICS, got, strict=True)) == pytest.approx(
        {metric: wanted.values[metric][0] for metric in METRICS}
    )


def test_a_query_without_candidates_counts_0() -> None:
    nothing = judged(parts(0), [])
    lost = type(nothing)(nothing.parts, nothing.grades, nothing.judged, np.array([1.0]))

    assert figures([nothing, lost], weights(lexical=1.0), 20).tolist() == [[0.0] * 3] * 2


def test_the_goal_is_the_mean_of_both_ways_to_count_unjudged_products() -> None:
    assert goal(np.array([[0.6, 0.8, 0.1]])).tolist() == pytest.approx([(0.6 + 0.8) / 2])


def test_the_same_gain_on_every_query_is_no_chance_and_gains_that_cancel_are() -> None:
    assert p_value(np.full(20, 0.01), seed=0) < 0.001  # 2 of 2**20 signs do as well
    assert p_value(np.tile([0.01, -0.01], 10), seed=0) == 1.0
