from __future__ import annotations

import pytest

from engine.types import Product, ProductId
from index_builder.graph.embedding.embeddings import embed_graph
from index_builder.graph.embedding.predict import (
    MAX_CONFIDENCE,
    PredictionReport,
    predict_missing,
    usual_attributes,
)
from index_builder.graph.embedding.training import TrainingSettings
from index_builder.graph.vocabulary import SourceGraph, node_iri
from tests.unit.index_builder.graph.embedding.orchard import RULES, drafted, trees

SMALL = TrainingSettings(width=8, epochs=20, learning_rate=0.1)
WITHOUT = frozenset({0, 1, 2, 3, 50, 101})


def predicted(products: list[Product], *, floor: float = 0.5) -> tuple[dict[int, str], PredictionReport]:
    draft = drafted(products)
    embeddings = embed_graph(draft, products, settings=SMALL, seed=3)
    report = predict_missing(draft, products, embeddings, floor=floor)
    found = {}
    for node in draft.nodes.values():
        assert node.rows == sorted(set(node.rows))
        for row, origin in node.origins.items():
            assert origin.source == SourceGraph.PREDICTION
            assert 0 < origin.confidence <= MAX_CONFIDENCE
            found[row] = node.label
    return found, report


def test_a_value_that_the_others_tell_is_filled_in() -> None:
    found, report = predicted(trees(400, without_soil=WITHOUT))

    assert found == {row: RULES[row % len(RULES)][2] for row in WITHOUT}
    assert report.added == report.gaps == len(WITHOUT)
    assert report.precision >= 0.5


def test_nothing_is_filled_in_where_the_floor_is_not_reached() -> None:
    found, report = predicted(trees(400, without_soil=WITHOUT), floor=1.0)

    assert found == {}
    assert (report.added, report.gaps) == (0, len(WITHOUT))
    assert report.threshold > 1


def test_a_no_is_an_answer() -> None:
    shop = trees(400, without_soil=frozenset({0}))
    no_soil = Product(
        ProductId("epiphyte"),
        "Tree",
        "Nursery 1",
        attributes={"product_type": "tree", "fruit": "Fig", "genus": "Ficus", "soil": False},
    )

    found, _ = predicted([*shop, no_soil])

    assert set(found) == {0}


def test_attributes_are_usual_from_a_share_of_enough_products() -> None:
    shop = trees(10, without_soil=frozenset({0, 1, 2}))
    tree = node_iri("type", "tree")

    assert usual_attributes(drafted(shop), shop)[tree] == {"product_type", "fruit", "genus"}
    assert "soil" in usual_attributes(drafted(shop), shop, min_share=0.7)[tree]
    assert usual_attributes(drafted(shop[:9]), shop[:9]) == {}


@pytest.mark.parametrize("count", [0, 12])
def test_too_small_a_shop_gets_no_predictions(count: int) -> None:
    found, report = predicted(trees(count, without_soil=frozenset({0})))

    assert (found, report.added) == ({}, 0)
