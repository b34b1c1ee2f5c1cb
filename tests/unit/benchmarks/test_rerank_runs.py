from __future__ import annotations

import numpy as np

from benchmarks.rerank_runs import Candidates, folds_of, only, reranked
from index_builder.judgements import Judgements

FOUND = Candidates(("a", "b", "c"), np.arange(3), np.array([1.0, 0.9, 0.8]))


def test_folds_hold_every_query_once_and_are_of_nearly_one_size() -> None:
    folds = folds_of([f"q{number}" for number in range(11)], 3, seed=0)

    assert sorted(each for fold in folds for each in fold) == sorted(f"q{number}" for number in range(11))
    assert [len(fold) for fold in folds] == [4, 4, 3]
    assert folds == folds_of([f"q{number}" for number in range(11)], 3, seed=0)


def test_a_probability_adds_its_weight_to_the_first_products_alone() -> None:
    # Scores 1, .9 + .5 x .4 = 1.1, and .8, which is third and not read.
    ranks = reranked(FOUND, [0.0, 0.4, 1.0], 2, 0.5)

    assert sorted(ranks, key=lambda each: -ranks[each]) == ["b", "a", "c"]


def test_a_weight_of_nothing_keeps_the_order() -> None:
    ranks = reranked(FOUND, [0.0, 0.4, 1.0], 20, 0.0)

    assert sorted(ranks, key=lambda each: -ranks[each]) == ["a", "b", "c"]


def test_judgements_are_cut_to_a_fold() -> None:
    judgements = Judgements({"1": "ink", "2": "lamp"}, {"1": {"a": 1.0}, "2": {"b": 1.0}})

    assert only(judgements, ["2"]) == Judgements({"2": "lamp"}, {"2": {"b": 1.0}})
