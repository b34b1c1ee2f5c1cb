import numpy as np
import pytest

from engine.plan import RankingSettings
from index_builder.train.fusion.graded_list import PARTS, Figures, GradedList
from index_builder.train.fusion.learn import MIN_QUERIES, learn_weights, objection
from tests.unit.index_builder.train.fusion.graded_lists import judged, lists_told_by, parts

MISLED = lists_told_by("coverage", {"lexical": 1.0, "dense": 1.0}, MIN_QUERIES)
SETTINGS = RankingSettings()


def test_weights_that_win_on_held_out_queries_may_rank() -> None:
    report = learn_weights(MISLED, SETTINGS, seed=7)

    assert report.weights.learned
    assert set(report.weights.weights) == set(PARTS)
    assert report.weights.weights["coverage"] > SETTINGS.coverage
    assert report.weights.weights["lexical"] < SETTINGS.lexical
    assert report.weights.queries == sum(fold.queries for fold in report.folds) == MIN_QUERIES
    assert report.weights.figures["learned"]["ndcg@10"] > report.weights.figures["by_hand"]["ndcg@10"]
    assert report.weights.reason.startswith("Held-out queries gain 0.")


def test_learned_weights_sum_to_what_those_set_by_hand_do() -> None:
    report = learn_weights(MISLED, SETTINGS, seed=7)

    assert sum(report.candidate.values()) == pytest.approx(sum(report.by_hand.values()), abs=1e-3)


def test_the_same_lists_and_seed_give_the_same_report() -> None:
    assert learn_weights(MISLED, SETTINGS, seed=7) == learn_weights(MISLED, SETTINGS, seed=7)


def test_too_few_queries_teach_nothing() -> None:
    report = learn_weights(MISLED[1:], SETTINGS, seed=7)

    assert not report.weights.learned
    assert report.weights.weights == {}
    assert report.weights.reason.startswith(f"There are {MIN_QUERIES - 1} queries")
    assert report.folds == ()


def test_weights_that_gain_nothing_may_not_rank_and_say_why() -> None:
    report = learn_weights(lists_told_by("dense", {}, MIN_QUERIES), SETTINGS, seed=7)

    assert not report.weights.learned
    assert report.weights.weights == {}
    assert "gain +0.0000 in the mean of nDCG@10 and judged-only nDCG@10" in report.weights.reason
    assert set(report.candidate) == set(PARTS)


def test_what_gains_little_for_a_few_queries_may_be_chance() -> None:
    """Three queries of sixty are ranked wrongly by hand, all others rightly whatever the weights."""
    right = [judged(parts(2, lexical=[1.0, 0.0]), [1.0, 0.0]) for _ in range(57)]
    wrong = [judged(parts(2, lexical=[0.0, 0.4], coverage=[0.35, 0.0]), [1.0, 0.0]) for _ in range(3)]

    report = learn_weights([*right, *wrong], SETTINGS, seed=7)

    assert not report.weights.learned
    assert "may be chance (p" in report.weights.reason


@pytest.mark.parametrize("size", [0, 1])
def test_queries_that_found_next_to_nothing_do_no_harm(size: int) -> None:
    empty = GradedList(parts(size), np.zeros(size), np.zeros(size, np.bool_), np.array([1.0]))

    assert learn_weights([*MISLED, empty], SETTINGS, seed=7).weights.learned


BEFORE = np.tile([0.5, 0.5, 0.9], (60, 1))  # nDCG@10, judged-only nDCG@10, recall@100


def changed(*by: float) -> Figures:
    after: Figures = BEFORE + np.array(by)
    return after


def test_a_figure_may_not_pay_for_another() -> None:
    assert objection(BEFORE, changed(0.04, 0.02, -0.009), p=0.01) == ""
    assert objection(BEFORE, changed(0.04, 0.02, -0.011), p=0.01) == (
        "recall@100 of held-out queries falls by 0.0110, more than 0.0100."
    )
    assert objection(BEFORE, changed(0.20, -0.04, 0.0), p=0.01) == (  # gain .08, of which a third is .0267
        "judged_ndcg@10 of held-out queries falls by 0.0400, more than 0.0267."
    )
    assert objection(BEFORE, changed(0.20, -0.02, 0.0), p=0.01) == ""  # gain .09


def test_a_gain_has_to_be_large_enough_and_no_chance() -> None:
    assert objection(BEFORE, changed(0.004, 0.004, 0.0), p=0.0).startswith("Held-out queries gain +0.0040")
    assert "may be chance" in objection(BEFORE, changed(0.04, 0.04, 0.0), p=0.11)
    assert objection(BEFORE, changed(0.04, 0.04, 0.0), p=0.1) == ""
