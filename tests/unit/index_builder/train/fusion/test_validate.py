import numpy as np

from index_builder.train.fusion.figures import figures, goal
from index_builder.train.fusion.pairs import query_pairs
from index_builder.train.fusion.validate import FOLDS, SETTINGS, Validated, cautious, choices, cross_validate
from tests.unit.index_builder.train.fusion.graded_lists import BY_HAND, lists_told_by

LISTS = lists_told_by("coverage", {"lexical": 1.0, "dense": 1.0}, 23)


def validated(seed: int) -> Validated:
    return cross_validate(LISTS, query_pairs(LISTS, 0), BY_HAND, rerank_depth=20, seed=seed)


def test_every_query_is_held_out_once_in_folds_of_equal_size() -> None:
    assert np.bincount(validated(0).folds).tolist() == [5, 5, 5, 4, 4]  # 23 queries


def test_what_is_learned_ranks_held_out_queries_better_than_weights_that_mislead() -> None:
    before, after = goal(figures(LISTS, BY_HAND, 20)), goal(validated(0).learned)

    assert after.mean() > before.mean() + 0.1


def test_the_same_seed_gives_the_same_figures_and_another_other_folds() -> None:
    assert validated(3).learned.tolist() == validated(3).learned.tolist()
    assert validated(3).folds.tolist() != validated(4).folds.tolist()


def test_where_nothing_can_be_gained_the_most_cautious_setting_is_chosen() -> None:
    """Lexical and dense parts by hand rank these lists without a mistake."""
    perfect = lists_told_by("dense", {}, 12)

    chosen = cross_validate(perfect, query_pairs(perfect, 0), BY_HAND, rerank_depth=20, seed=0)

    assert chosen.best == SETTINGS[0]
    assert chosen.chosen == (SETTINGS[0],) * FOLDS


def test_the_first_setting_that_is_not_surely_worse_is_chosen() -> None:
    """Behind the third by a mean of .05 and .01; the standard error of both is .1 / sqrt(4) x sqrt(4 / 3)."""
    best = np.array([0.5, 0.5, 0.5, 0.5])
    swing = np.array([0.1, -0.1, 0.1, -0.1])

    assert 0.1 / np.sqrt(4) * np.sqrt(4 / 3) > 0.05
    assert cautious(np.stack([best - 0.06 + swing, best - 0.05 + swing, best])) == 1
    assert cautious(np.stack([best - 0.01, best])) == 1  # always by .01: no chance


def test_a_fold_has_no_say_in_the_setting_that_it_is_ranked_by() -> None:
    folds = np.repeat(np.arange(FOLDS), 2)
    everywhere = np.full(10, 0.6)
    in_one_fold = np.where(folds == 0, 1.0, 0.5)

    assert choices(np.stack([everywhere, in_one_fold]), folds) == [0, 0, 0, 0, 0]
    assert choices(np.stack([in_one_fold - 0.05, everywhere]), folds)[0] == 1
