import numpy as np
import pytest

from engine.backends.graph_tables import GraphTables
from engine.types import Product, ProductId
from index_builder.graph.compose import ComposedQuery, compose_queries
from index_builder.graph.load import build_graph
from index_builder.train.queries.look_alikes import LookAlikes
from index_builder.train.queries.spoken import brand_queries, spoken

SHELF = [
    Product(
        ProductId(f"{brand}-{row}"),
        f"{brand} Lodestar {row} camera case" if row % 3 else f"{brand} Lodestar {row} tripod",
        brand,
        attributes={
            "product_type": "camera bags & cases" if row % 3 else "tripod",
            "color": ("black", "red")[row % 2],
        },
    )
    for brand in ("Acme", "Bolt & Sons")
    for row in range(12)
] + [Product(ProductId("one"), "Corv tripod", "Corv", attributes={"product_type": "tripod"})]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> GraphTables:
    folder = tmp_path_factory.mktemp("graph")
    build_graph(SHELF, folder)
    return GraphTables.open(folder)


@pytest.fixture(scope="module")
def likes(tables: GraphTables) -> LookAlikes:
    return LookAlikes(SHELF, tables)


def test_a_type_that_is_a_list_is_not_what_shoppers_write(tables: GraphTables, likes: LookAlikes) -> None:
    composed = compose_queries(SHELF, tables)
    assert any("camera bags & cases" in query.text for query in composed)
    texts = {query.text for query in spoken(composed, SHELF, tables, likes)}
    assert not any("bags & cases" in text for text in texts)
    assert "black tripod" in texts


def test_a_brand_may_have_any_name(tables: GraphTables, likes: LookAlikes) -> None:
    texts = {query.text for query in spoken(compose_queries(SHELF, tables), SHELF, tables, likes)}
    assert "bolt & sons tripod" in texts


def test_long_queries_are_left_out_unless_hardly_any_other_is_left(
    tables: GraphTables, likes: LookAlikes
) -> None:
    def asked(text: str) -> ComposedQuery:
        return ComposedQuery(text, np.array([0]), 1, "value type", ())

    long = asked("one two three four five six seven eight")
    assert [query.text for query in spoken([long, asked("tripod")], SHELF, tables, likes)] == ["tripod"]
    assert [query.text for query in spoken([long], SHELF, tables, likes)] == [long.text]


def test_brands_of_a_few_products_are_asked_for_alone(tables: GraphTables, likes: LookAlikes) -> None:
    queries = {query.text: query for query in brand_queries(likes, [])}
    assert set(queries) == {"acme", "bolt & sons"}
    assert (queries["acme"].count, queries["acme"].pattern) == (12, "brand")
    assert all(SHELF[row].brand == "Acme" for row in queries["acme"].rows.tolist())
