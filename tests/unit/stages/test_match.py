from collections.abc import Sequence

import numpy as np
import pytest

from engine.stages.match import match
from engine.types import Entity, EntityKind, EntityLink, Expansion, GraphEdge
from tests.unit.stages.graph_fake import FakeGraph, entity

GAMING = entity("gaming", EntityKind.ATTRIBUTE_VALUE)
CASE = entity("case", EntityKind.CATEGORY)
NOTEBOOK = entity("notebook", EntityKind.CATEGORY)
COMPUTER = entity("computer", EntityKind.CATEGORY)
AERO = entity("aero", EntityKind.COMPATIBLE_TARGET)
GRAPH = FakeGraph(
    10,
    rows={GAMING.iri: (0, 1), NOTEBOOK.iri: (1, 2), COMPUTER.iri: (1, 2, 3), CASE.iri: (4,)},
    sure={NOTEBOOK.iri: 0.5},
)
AERO_MODEL = entity("aero", EntityKind.MODEL)
FITTED = FakeGraph(10, rows={AERO.iri: (4,), AERO_MODEL.iri: (1,)})
RELATIONS = {"broader": 0.4, "narrower": 0.05}
ROWS = np.array([3, 2, 1, 0])


def reached(thing: Entity, start: int, *path: GraphEdge, confidence: float = 1.0) -> Expansion:
    return Expansion(EntityLink(thing, start, start + 1, thing.label, confidence), path, 0.01)


WORDS = ("gaming", "notebook", "case")


def values(*expansions: Expansion) -> list[object]:
    return [pytest.approx(each.values.tolist()) for each in match(GRAPH, WORDS, expansions, RELATIONS, ROWS)]


def roles(words: Sequence[str], *expansions: Expansion) -> dict[int, bool]:
    return {each.start: each.wanted for each in match(GRAPH, words, expansions, RELATIONS, ROWS)}


def test_a_product_matches_as_far_as_reading_and_statement_are_sure() -> None:
    assert values(reached(NOTEBOOK, 0, confidence=0.8)) == [[0.0, 0.8 * 0.5, 0.8 * 0.5, 0.0]]


def test_a_way_through_the_graph_costs_its_relations_and_the_surest_way_counts() -> None:
    broader = reached(NOTEBOOK, 0, GraphEdge("broader", COMPUTER))

    assert values(reached(NOTEBOOK, 0), broader) == [[0.4, 0.5, 0.5, 0.0]]


def test_ways_of_next_to_no_strength_and_unknown_relations_are_not_looked_at() -> None:
    assert values(reached(COMPUTER, 0, GraphEdge("narrower", NOTEBOOK, forward=False))) == []
    assert values(reached(COMPUTER, 0, GraphEdge("likes", NOTEBOOK))) == []


def test_the_last_product_word_says_what_is_wanted() -> None:
    found = roles(WORDS, reached(CASE, 2), reached(GAMING, 0), reached(NOTEBOOK, 1))

    assert found == {0: False, 1: False, 2: True}


def test_a_query_without_a_product_word_wants_no_kind() -> None:
    assert roles(("gaming",), reached(GAMING, 0)) == {0: False}


def test_a_product_word_after_for_says_nothing_of_the_product() -> None:
    assert roles(("case", "for", "notebook"), reached(CASE, 0), reached(NOTEBOOK, 2)) == {0: True}
    assert roles(("something", "for", "notebook"), reached(NOTEBOOK, 2)) == {2: True}


def test_what_a_wanted_product_has_to_fit_is_wanted_with_it() -> None:
    named = ("case", "aero", "gaming")

    found = roles(named, reached(CASE, 0), reached(AERO, 1), reached(GAMING, 2))

    assert found == {0: True, 1: True, 2: False}
    assert roles(("skin", "适用", "aero"), reached(AERO, 2)) == {2: True}
    assert roles(("aero",), reached(AERO, 0)) == {0: False}  # the notebook itself may be meant


def test_products_of_kinds_that_are_no_kin_are_others() -> None:
    sure = match(GRAPH, ("notebook",), [reached(NOTEBOOK, 0)], RELATIONS, np.array([0, 1, 3, 4]))
    broader = reached(NOTEBOOK, 0, GraphEdge("broader", COMPUTER))
    kin = match(GRAPH, ("notebook",), [reached(NOTEBOOK, 0), broader], RELATIONS, np.array([0, 1, 3, 4]))

    assert [None if each.others is None else each.others.tolist() for each in sure] == [
        [False, False, True, True]  # nothing is known of row 0; 3 is a computer, 4 a case
    ]
    assert [None if each.others is None else each.others.tolist() for each in kin] == [
        [False, False, False, True]
    ]


def test_a_word_that_may_mean_something_else_excludes_nothing() -> None:
    unsure = match(GRAPH, ("notebook",), [reached(NOTEBOOK, 0, confidence=0.5)], RELATIONS, ROWS)
    property_word = match(GRAPH, ("gaming",), [reached(GAMING, 0)], RELATIONS, ROWS)

    assert [each.others for each in (*unsure, *property_word)] == [None, None]


def test_what_does_not_fit_a_surely_named_thing_is_another() -> None:
    sure = match(FITTED, ("skin", "for", "aero"), [reached(AERO, 2)], RELATIONS, np.array([1, 4]))
    unsure = match(
        FITTED, ("skin", "for", "aero"), [reached(AERO, 2, confidence=0.5)], RELATIONS, np.array([1, 4])
    )

    assert [None if each.others is None else each.others.tolist() for each in sure] == [[True, False]]
    assert [each.others for each in unsure] == [None]


def test_the_thing_itself_does_not_fit_itself() -> None:
    """The notebook bears the model's name; only what fits it is wanted."""
    ways = [reached(AERO, 2), reached(AERO_MODEL, 2)]

    (found,) = match(FITTED, ("skin", "for", "aero"), ways, RELATIONS, np.array([1, 4]))

    assert found.values.tolist() == [0.0, 1.0]
    assert found.others is not None
    assert found.others.tolist() == [True, False]


def test_a_thing_named_alone_may_be_meant_itself() -> None:
    ways = [reached(AERO, 0), reached(AERO_MODEL, 0)]

    (found,) = match(FITTED, ("aero",), ways, RELATIONS, np.array([1, 4]))

    assert found.values.tolist() == [1.0, 1.0]
    assert found.others is None
