from dataclasses import replace

import numpy as np
import pytest

from engine.stages.compare import Compare, ComparisonWeights
from engine.stages.fuse import Scored
from engine.stages.match import SpanMatch
from tests.unit.stages.vector_fakes import ExactVectors, ExactWords

VECTORS = ExactVectors(np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]], np.float32))
WORDS = ExactWords(["black ink", "black pen", "hose"])
QUERY = np.array([1.0, 0.0], np.float32)
WEIGHTS = ComparisonWeights(dense=5.0, coverage=1.5, kind=0.4, other_kind=0.3, properties=0.2, similarity=0.6)


def found(*rows: int) -> Scored:
    return Scored.ordered(np.array(rows), {"lexical": np.zeros(len(rows))})


def test_every_candidate_gains_its_cosine_and_its_share_of_the_words() -> None:
    compared = Compare(VECTORS, WORDS, WEIGHTS)(found(0, 1), words=["black", "ink"], vector=QUERY)

    assert compared.rows.tolist() == [0, 1]
    assert compared.parts["dense"].tolist() == pytest.approx([5 * 1.0, 5 * 0.6])
    assert compared.parts["coverage"].tolist() == pytest.approx([1.5 * 2 / 2, 1.5 * 1 / 2])


def test_an_opposite_meaning_is_worth_nothing_not_less() -> None:
    compared = Compare(VECTORS, WORDS, WEIGHTS)(found(2), words=["ink"], vector=QUERY)

    assert compared.parts["dense"].tolist() == [0.0]


def test_without_an_embedding_or_words_a_part_is_missing() -> None:
    compare = Compare(VECTORS, WORDS, WEIGHTS)

    assert set(compare(found(0), words=["ink"], vector=None).parts) == {"lexical", "coverage"}
    assert set(compare(found(0), words=None, vector=QUERY).parts) == {"lexical", "dense"}


def test_nothing_found_stays_nothing() -> None:
    assert len(Compare(VECTORS, WORDS, WEIGHTS)(found(), words=["ink"], vector=QUERY)) == 0


def said(start: int, end: int, *values: float, wanted: bool = False) -> SpanMatch:
    return SpanMatch(start, end, wanted, np.array(values, np.float32))


def test_what_the_graph_says_of_a_product_covers_the_word_as_far_as_it_is_sure() -> None:
    compare = Compare(VECTORS, WORDS, WEIGHTS)

    compared = compare(found(1, 2), words=["black", "biro"], vector=None, matches=[said(1, 2, 0.8, 0.0)])

    assert compared.rows.tolist() == [1, 2]
    assert compared.parts["coverage"].tolist() == pytest.approx([1.5 * (1 + 0.8) / 2, 0.0])


def test_a_word_that_the_product_holds_is_not_counted_twice() -> None:
    compared = Compare(VECTORS, WORDS, WEIGHTS)(
        found(1), words=["black", "pen"], vector=None, matches=[said(1, 2, 0.8, wanted=True)]
    )

    assert compared.parts["coverage"].tolist() == [1.5]


def test_the_wanted_kind_counts_as_a_whole_and_the_other_properties_by_their_mean() -> None:
    matches = [said(0, 1, 1.0, 0.0), said(1, 2, 0.5, 0.0), said(2, 3, 0.9, 0.9, wanted=True)]

    compared = Compare(VECTORS, WORDS, WEIGHTS)(
        found(0, 1), words=["black", "big", "ink"], vector=None, matches=matches
    )

    assert compared.parts["graph_kind"].tolist() == pytest.approx([0.4 * 0.9, 0.4 * 0.9])
    assert compared.parts["graph_properties"].tolist() == pytest.approx([0.2 * (1.0 + 0.5) / 2, 0.0])


def test_wanted_words_count_by_their_mean() -> None:
    matches = [said(0, 1, 1.0, wanted=True), said(1, 2, 0.5, wanted=True)]

    compared = Compare(VECTORS, WORDS, WEIGHTS)(found(0), words=["ink", "aero"], vector=None, matches=matches)

    assert compared.parts["graph_kind"].tolist() == pytest.approx([0.4 * (1.0 + 0.5) / 2])


def test_a_product_of_another_kind_loses() -> None:
    others = np.array([False, True])
    named = SpanMatch(0, 1, True, np.array([0.0, 0.0], np.float32), others)

    compared = Compare(VECTORS, WORDS, WEIGHTS)(found(0, 1), words=["biro"], vector=None, matches=[named])

    assert compared.parts["graph_kind"].tolist() == [0.0, 0.0]
    assert compared.parts["graph_other_kind"].tolist() == [0.0, -0.3]


def test_every_word_that_names_another_kind_counts() -> None:
    both = np.array([True])
    named = [SpanMatch(at, at + 1, True, np.zeros(1, np.float32), both) for at in (0, 1)]

    compared = Compare(VECTORS, WORDS, WEIGHTS)(found(0), words=["ink", "aero"], vector=None, matches=named)

    assert compared.parts["graph_other_kind"].tolist() == pytest.approx([-0.3 * 2])


def test_a_popular_product_gains_where_that_counts_for_something() -> None:
    priors = np.array([0.25, 1.0, 0.0], np.float32)
    weighty = replace(WEIGHTS, prior=0.8)

    compared = Compare(VECTORS, WORDS, weighty, priors)(found(1, 0), words=None, vector=None)

    assert dict(zip(compared.rows.tolist(), compared.parts["prior"].tolist(), strict=True)) == pytest.approx(
        {0: 0.8 * 0.25, 1: 0.8 * 1.0}
    )
    assert "prior" not in Compare(VECTORS, WORDS, WEIGHTS, priors)(found(0), words=None, vector=None).parts


def test_nearness_in_the_graph_counts_where_it_is_asked_for() -> None:
    near = np.array([0.5, 0.0], np.float32)

    compared = Compare(VECTORS, WORDS, WEIGHTS)(found(0, 1), words=None, vector=None, nearness=near)

    assert compared.parts["graph_similarity"].tolist() == pytest.approx([0.6 * 0.5, 0.0])
