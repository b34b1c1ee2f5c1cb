import numpy as np
import pytest

from index_builder.train.fusion.graded_list import GradedList
from index_builder.train.fusion.pairs import PAIRS, UNJUDGED, joined, query_pairs
from tests.unit.index_builder.train.fusion.graded_lists import judged, parts


def test_each_better_product_stands_against_each_worse_one_by_the_gap_of_their_grades() -> None:
    found = judged(parts(3, lexical=[0.9, 0.5, 0.1]), [1.0, 0.5, 0.0])

    [pairs] = query_pairs([found], seed=0)

    assert pairs.judged.differences[:, 0].tolist() == pytest.approx([0.9 - 0.5, 0.9 - 0.1, 0.5 - 0.1])
    assert pairs.judged.gains.tolist() == pytest.approx([0.5 / 2, 1.0 / 2, 0.5 / 2])
    assert not len(pairs.unjudged.gains)


def test_an_unjudged_product_stands_against_relevant_ones_only() -> None:
    found = judged(parts(3, lexical=[0.9, 0.5, 0.1]), [1.0, 0.0, 0.0], unjudged=1)

    [pairs] = query_pairs([found], seed=0)

    assert pairs.judged.differences[:, 0].tolist() == pytest.approx([0.9 - 0.5])
    assert pairs.unjudged.differences[:, 0].tolist() == pytest.approx([0.9 - 0.1])


def test_a_query_weighs_what_it_shall_however_many_pairs_it_has() -> None:
    short = judged(parts(3), [1.0, 0.0, 0.0], unjudged=1)
    long = judged(parts(40), np.where(np.arange(40) < 20, 1.0, 0.0), unjudged=10)
    long = GradedList(long.parts, long.grades, long.judged, long.all_grades, weight=3.0)

    both = joined(query_pairs([short, long], seed=0), unjudged_share=0.2)

    assert both.gains[:2].tolist() == pytest.approx([0.8 / 4, 0.2 / 4])
    assert both.gains[2:].sum() == pytest.approx(3 / 4)


def test_without_a_share_unjudged_products_are_left_out() -> None:
    found = judged(parts(3), [1.0, 0.0, 0.0], unjudged=1)

    assert len(joined(query_pairs([found], seed=0), unjudged_share=0.0).gains) == 1


def test_products_that_are_all_alike_teach_nothing() -> None:
    assert not len(joined(query_pairs([judged(parts(3), [0.5, 0.5, 0.5])], seed=0), 0.4).gains)
    assert not len(joined([], 0.4).gains)


def test_of_long_lists_pairs_are_drawn_by_the_seed() -> None:
    made = parts(400, lexical=np.arange(400) / 400)
    found = judged(made, np.where(np.arange(400) < 100, 1.0, 0.0), unjudged=200)

    [first], [again], [other] = (query_pairs([found], seed=seed) for seed in (1, 1, 2))

    assert len(first.judged.gains) == len(first.unjudged.gains) == PAIRS  # of 100 x 100 and 100 x UNJUDGED
    assert UNJUDGED * 100 > PAIRS
    assert first.judged.differences.tolist() == again.judged.differences.tolist()
    assert first.judged.differences.tolist() != other.judged.differences.tolist()
