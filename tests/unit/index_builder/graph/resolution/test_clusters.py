"""A group grows only where all of its pairs together speak for it."""

from __future__ import annotations

from index_builder.graph.draft import Draft, Node
from index_builder.graph.resolution.candidates import Pair
from index_builder.graph.resolution.clusters import UNSCORED, clusters_of
from index_builder.graph.resolution.scoring import Scored
from tests.unit.index_builder.graph.resolution.shop import value

DRAFT = Draft()
A, B, C = (value(DRAFT, text, [0]) for text in ("a1", "b1", "c1"))


def scored(one: Node, two: Node, logit: float) -> Scored:
    return Scored(Pair(one, two, ()), logit, 0.0, 0.0)


def never(_one: str, _two: str) -> bool:
    return False


def test_two_likely_pairs_make_a_group_of_three() -> None:
    # joining c: +2.0 (b, c) + UNSCORED (a, c) > 0
    assert UNSCORED > -2.0
    found = clusters_of([scored(A, B, 3.0), scored(B, C, 2.0)], [], never)
    assert found == [[A.iri, B.iri, C.iri]]


def test_a_pair_that_speaks_against_it_keeps_the_third_out() -> None:
    # joining c: +2.0 (b, c) - 2.5 (a, c) < 0
    found = clusters_of([scored(A, B, 3.0), scored(B, C, 2.0), scored(A, C, -2.5)], [], never)
    assert found == [[A.iri, B.iri]]


def test_a_forbidden_pair_never_meets_even_by_way_of_a_third() -> None:
    found = clusters_of(
        [scored(A, B, 3.0), scored(B, C, 2.0)], [], lambda one, two: (one, two) == (A.iri, C.iri)
    )
    assert found == [[A.iri, B.iri]]


def test_a_forced_pair_joins_whatever_speaks_against_it() -> None:
    assert clusters_of([scored(A, B, -9.0)], [(A.iri, B.iri)], never) == [[A.iri, B.iri]]


def test_a_pair_below_the_least_probability_stays_apart() -> None:
    # 1 / (1 + e^-0.3) = .574 < .6
    assert clusters_of([scored(A, B, 0.3)], [], never) == []
