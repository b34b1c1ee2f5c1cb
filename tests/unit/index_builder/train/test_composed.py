from pathlib import Path

import pytest

from engine.backends.graph_tables import GraphTables
from engine.types import Product, ProductId
from index_builder.graph.compose import ComposedQuery, compose_queries
from index_builder.graph.load import build_graph
from index_builder.train.composed import make_training_pairs
from index_builder.train.look_alikes import NEGATIVE, PARTIAL, POSITIVE
from index_builder.train.query import TrainingPair

COLORS = ("Black", "Red", "Blue", "Green")
KINDS = ("mouse", "mouse pad", "keyboard", "monitor stand")
BRANDS = ("Acme", "Bolt", "Corv")
SHELF = [
    Product(
        ProductId(f"{brand}-{kind}-{color}"),
        f"{brand} {kind} {color} {brand[0]}{number}",
        brand,
        attributes={"product_type": kind, "color": color},
    )
    for number, brand in enumerate(BRANDS)
    for kind in KINDS
    for color in COLORS
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> GraphTables:
    folder: Path = tmp_path_factory.mktemp("graph")
    build_graph(SHELF, folder)
    return GraphTables.open(folder)


def title(product: Product) -> str:
    return product.title


def pairs_for(text: str, tables: GraphTables) -> list[TrainingPair]:
    query = next(query for query in compose_queries(SHELF, tables) if query.text == text)
    return make_training_pairs(SHELF, [query], tables, title, limit=100)


def test_positives_answer_the_query_and_nothing_else_does(tables: GraphTables) -> None:
    for pair in pairs_for("red acme mouse", tables):
        answers = pair.product_text.startswith("Acme mouse Red")
        assert (pair.label == POSITIVE) == answers, pair


def test_the_right_type_in_the_wrong_colour_is_partly_right(tables: GraphTables) -> None:
    partial = [pair.product_text for pair in pairs_for("red mouse", tables) if pair.label == PARTIAL]
    assert partial
    assert all(" mouse " in text and "pad" not in text and "Red" not in text for text in partial)


def test_a_title_that_says_the_word_but_is_another_thing_is_a_trap(tables: GraphTables) -> None:
    negatives = [pair.product_text for pair in pairs_for("mouse", tables) if pair.label == NEGATIVE]
    assert any("mouse pad" in text for text in negatives)


def test_near_duplicates_of_a_positive_are_no_negatives(tmp_path: Path) -> None:
    twin = Product(ProductId("twin"), "Acme mouse Red A0", "Acme", attributes={"product_type": "keyboard"})
    shelf = [*SHELF, twin]
    build_graph(shelf, tmp_path)
    tables = GraphTables.open(tmp_path)
    queries = [query for query in compose_queries(shelf, tables) if query.text == "red acme mouse"]
    pairs = make_training_pairs(shelf, queries, tables, lambda product: product.id, limit=99)
    assert "twin" not in {pair.product_text for pair in pairs}


def test_the_positive_opens_the_list_of_each_query(tables: GraphTables) -> None:
    pairs = make_training_pairs(SHELF, compose_queries(SHELF, tables), tables, title, limit=400)
    opening = [
        place for place, pair in enumerate(pairs) if place == 0 or pair.query != pairs[place - 1].query
    ]
    assert all(pairs[place].label == POSITIVE for place in opening)


def test_a_shop_without_queries_has_no_pairs(tables: GraphTables) -> None:
    assert make_training_pairs(SHELF, (), tables, title, limit=10) == []


def test_limit_and_seed_are_kept(tables: GraphTables) -> None:
    queries: list[ComposedQuery] = compose_queries(SHELF, tables)
    first = make_training_pairs(SHELF, queries, tables, title, limit=50, seed=1)
    assert len(first) == 50
    assert first == make_training_pairs(SHELF, queries, tables, title, limit=50, seed=1)
    assert first != make_training_pairs(SHELF, queries, tables, title, limit=50, seed=2)
