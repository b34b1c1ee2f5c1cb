from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backends.graph_tables import GraphTables
from engine.types import Product, ProductId
from index_builder.graph.compose import ComposedQuery, compose_queries
from index_builder.graph.load import build_graph
from index_builder.train.queries.composed import ComposedSource, DrawPlan, make_training_pairs
from index_builder.train.queries.look_alikes import NEGATIVE, PARTIAL, POSITIVE
from index_builder.train.queries.query import TrainingPair, TrainingQuery

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


def drawn(tables: GraphTables, *, draws: int = 400, seed: int = 0, **more: Any) -> list[TrainingQuery]:
    source = ComposedSource(SHELF, compose_queries(SHELF, tables), tables, **more)
    return list(source.draw(draws, seed=seed).queries)


def test_every_query_is_drawn_once_with_different_rows(tables: GraphTables) -> None:
    queries = drawn(tables)
    assert len({query.text for query in queries}) == len(queries)
    for query in queries:
        assert len(set(query.rows.tolist())) == len(query.rows) == len(query.grades), query.text


def test_positives_are_answers_and_nothing_else_is(tables: GraphTables) -> None:
    for query in drawn(tables):
        assert np.array_equal(np.isin(query.rows, query.answers), query.grades == POSITIVE), query.text
        assert np.array_equal(query.answers, np.unique(query.answers))


def test_all_products_that_hang_on_what_is_asked_for_answer(tables: GraphTables) -> None:
    (query,) = [query for query in drawn(tables) if query.text == "red mouse"]
    assert {SHELF[row].title for row in query.answers.tolist()} == {
        f"{brand} mouse Red {brand[0]}{number}" for number, brand in enumerate(BRANDS)
    }


def test_types_brands_and_titles_are_asked_for(tables: GraphTables) -> None:
    kinds = {query.kind for query in drawn(tables)}
    assert {"type", "brand", "title", "brand type", "color type", "color brand type"} <= kinds


def test_a_text_that_is_drawn_often_weighs_more_up_to_a_limit(tables: GraphTables) -> None:
    weights = {query.weight for query in drawn(tables, plan=DrawPlan(type_share=0.9, heaviest=3))}
    assert {1.0, 3.0} <= weights <= {1.0, 2.0, 3.0}


def test_forbidden_texts_are_never_drawn_in_any_number_or_order(tables: GraphTables) -> None:
    forbidden = ["Mice", "mouses", "mouse red"]
    source = ComposedSource(SHELF, compose_queries(SHELF, tables), tables, forbidden=forbidden)
    result = source.draw(600, seed=0)
    texts = {query.text for query in result.queries}
    assert not texts & {"mouse", "mouses", "red mouse", "mouse red"}
    assert "blue mouse" in texts
    assert result.dropped["asks what an evaluation query asks"] >= 2


def test_the_seed_decides_what_is_drawn(tables: GraphTables) -> None:
    def said(seed: int) -> list[tuple[str, list[int]]]:
        return [(query.text, query.rows.tolist()) for query in drawn(tables, draws=60, seed=seed)]

    assert said(1) == said(1)
    assert said(1) != said(2)


def test_without_composed_queries_titles_are_asked_for(tables: GraphTables) -> None:
    queries = ComposedSource(SHELF, (), tables).draw(30, seed=0).queries
    assert {query.kind for query in queries} <= {"title", "brand"}
    assert "title" in {query.kind for query in queries}


def test_another_size_is_a_contrast_and_the_same_in_another_unit_an_answer(tmp_path: Path) -> None:
    lengths = ("6 ft", "1.83 m", "3 m", "10 ft", "3 m", "6 ft")
    shelf = [
        Product(
            ProductId(str(row)), f"Acme C{row} cable {length}", "Acme", attributes={"product_type": "cable"}
        )
        for row, length in enumerate(lengths)
    ] + [Product(ProductId("x"), "Acme cable X", "Acme", attributes={"product_type": "cable"})]
    build_graph(shelf, tmp_path)
    tables = GraphTables.open(tmp_path)
    composed = [query for query in compose_queries(shelf, tables) if query.text == "cable 6 ft"]
    source = ComposedSource(shelf, composed, tables, plan=DrawPlan(title_share=0.0))
    (query,) = [query for query in source.draw(20, seed=0).queries if query.kind == "size type"]
    # 6 ft are 1.8288 m, which is 1.83 m in three digits; 10 ft are 3.05 m and no 3 m.
    assert query.answers.tolist() == [0, 1, 5]
    partial = query.rows[query.grades == np.float32(PARTIAL)]
    assert set(partial.tolist()) == {2, 3, 4}


def test_where_little_is_composed_titles_make_up_for_it(tables: GraphTables) -> None:
    few = [query for query in compose_queries(SHELF, tables) if query.text == "red mouse"]

    queries = ComposedSource(SHELF, few, tables).draw(100, seed=0).queries

    # At most 4 x (the one query and three brands) of 100 draws are composed; of the others, few come twice.
    assert sum(query.kind == "title" for query in queries) > 50
