from pathlib import Path

import pytest

from engine.backends.graph_tables import GraphTables
from engine.types import Product, ProductId
from index_builder.graph.compose import ComposedQuery, compose_queries
from index_builder.graph.load import build_graph
from tests.ink_shop import PRODUCTS


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> GraphTables:
    folder: Path = tmp_path_factory.mktemp("graph")
    build_graph(PRODUCTS, folder)
    return GraphTables.open(folder)


@pytest.fixture(scope="module")
def composed(tables: GraphTables) -> dict[str, ComposedQuery]:
    return {query.text: query for query in compose_queries(PRODUCTS, tables)}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("printer", [2, 0, 1]),  # all three say printer; titles of 4, 5 and 5 words, then by row
        ("inko printer", [2, 0]),
        ("black ink cartridge", [3]),
        ("ink cartridge for inko lx300", [3, 4]),
        ("velvet chair", [8]),
        ("black inko ink cartridge", [3]),
        ("黑色鼠标", [9]),
        ("printers", [2, 0, 1]),
    ],
)
def test_queries_come_with_the_products_that_answer_them(
    composed: dict[str, ComposedQuery], text: str, rows: list[int]
) -> None:
    assert composed[text].rows.tolist() == rows
    assert composed[text].count == len(rows)


def test_nobody_asks_for_what_the_shop_does_not_have(composed: dict[str, ComposedQuery]) -> None:
    assert "red printer" not in composed
    assert "sitwell printer" not in composed


def test_no_word_is_said_twice(composed: dict[str, ComposedQuery]) -> None:
    for text in composed:
        assert " for " in text or len(set(text.split())) == len(text.split()), text


def test_every_entity_of_a_query_has_all_its_products(
    composed: dict[str, ComposedQuery], tables: GraphTables
) -> None:
    for query in composed.values():
        for entity in query.entities:
            assert set(query.rows.tolist()) <= set(tables.products(entity).tolist()), query.text


def test_the_limit_holds_and_the_same_seed_gives_the_same_queries(tables: GraphTables) -> None:
    first = [query.text for query in compose_queries(PRODUCTS, tables, limit=30, seed=3)]
    again = [query.text for query in compose_queries(PRODUCTS, tables, limit=30, seed=3)]
    assert first == again == sorted(set(first))
    assert len(first) == 30


def test_nobody_writes_the_sign_of_a_trademark(tmp_path: Path) -> None:
    shelf = [
        Product(ProductId(str(row)), f"Acme Contour™ {row} lamp", "Acme", attributes={"product_type": "lamp"})
        for row in range(3)
    ]
    build_graph(shelf, tmp_path)
    texts = {query.text for query in compose_queries(shelf, GraphTables.open(tmp_path))}
    assert "acme contour lamp" in texts
    assert not any("contourtm" in text for text in texts)
