"""A node keeps, for each product, every source that says it hangs there."""

from engine.types import EntityKind
from index_builder.graph.draft import Draft, Node, Origin
from index_builder.graph.vocabulary import SourceGraph, Term

GAZETTEER, TAGGER = SourceGraph.GAZETTEER, SourceGraph.TAGGER


def red() -> Node:
    node = Draft().node(EntityKind.COLOR, "red", relation="color", predicate=Term.COLOR)
    node.state(4, "Red")
    return node


def test_rows_stay_ascending_and_unique() -> None:
    node = red()
    for row in (9, 1, 4, 9):
        node.hang(row, Origin(TAGGER, 0.5))
    assert node.rows == [1, 4, 9]


def test_what_the_catalogue_states_keeps_its_first_source() -> None:
    node = red()
    node.hang(4, Origin(TAGGER, 0.5))
    assert node.origins_of(4) == (Origin(SourceGraph.CATALOGUE, 1.0), Origin(TAGGER, 0.5))


def test_of_what_one_source_says_twice_the_surer_counts() -> None:
    node = red()
    for source, confidence in ((TAGGER, 0.5), (GAZETTEER, 0.9), (TAGGER, 0.7), (GAZETTEER, 0.8)):
        node.hang(1, Origin(source, confidence))
    assert node.origins_of(1) == (Origin(TAGGER, 0.7), Origin(GAZETTEER, 0.9))


def test_a_dropped_row_leaves_nothing_behind() -> None:
    node = red()
    node.hang(1, Origin(TAGGER, 0.5))
    node.hang(1, Origin(GAZETTEER, 0.5))
    node.drop(1)
    node.drop(2)
    assert (node.rows, node.origins, node.further) == ([4], {}, {})
