from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError
from engine.types import ProductId
from index_builder.graph.relations.orders import OrderLine, baskets_of, read_baskets, read_orders
from tests.unit.index_builder.graph.relations.shelf import product

SHOP = [product("cup", "Cup"), product("pot", "Pot"), product("tea", "Tea")]


def line(order: str, thing: str, day: date | None = None) -> OrderLine:
    return OrderLine(order, ProductId(thing), day)


def test_a_gzipped_tsv_file_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "orders.tsv.gz"
    path.write_bytes(gzip.compress(b"order_id\tproduct_id\tdate\n7\tcup\t2026-01-31\n7\ttea\t\n"))

    assert list(read_orders(path)) == [line("7", "cup", date(2026, 1, 31)), line("7", "tea")]


def test_columns_may_have_other_names_and_parquet_its_own_types(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    columns = {"no": [7.0, 7.0], "sku": ["cup", "pot"], "at": [datetime(2026, 1, 31, 9, tzinfo=UTC), None]}
    pq.write_table(pa.table(columns), path)

    read = list(read_orders(path, {"order_id": "no", "product_id": "sku", "date": "at"}))

    assert read == [line("7", "cup", date(2026, 1, 31)), line("7", "pot")]


def test_cancelled_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,product_id,quantity,status\n1,cup,2,paid\n1,pot,-1,paid\n1,tea,1,Cancelled\n2,tea,0,\n",
        encoding="utf-8",
    )

    assert list(read_orders(path)) == [line("1", "cup")]


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("order_id,item\n1,cup\n", ":2:", "no column 'product_id'"),
        ("order_id,product_id\n1,cup\n,pot\n", ":3:", "'order_id' is empty"),
        ("order_id,product_id,date\n1,cup,31/01/2026\n", ":2:", "not ISO 8601"),
        ("order_id,product_id,quantity\n1,cup,two\n", ":2:", "not a number"),
        ("order_id,product_id\n1,cup,3\n", ":2:", "3 columns"),
        ("order_id,product_id\n", "", "no rows"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, text: str, where: str, problem: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(DataError) as caught:
        list(read_orders(path))

    assert f"orders.csv{where}" in caught.value.message
    assert problem in caught.value.message


def test_baskets_hold_rows_once_and_tell_what_was_left_out() -> None:
    lines = [
        line("b", "tea"),
        line("a", "pot"),
        line("a", "cup"),
        line("a", "cup"),
        line("a", "hat"),
        line("c", "hat"),
    ]

    baskets = baskets_of(lines, SHOP)

    assert baskets.rows == ((0, 1),)
    assert (baskets.unknown_lines, baskets.single_orders, baskets.expired_orders) == (2, 1, 0)


def test_orders_expire_counted_from_the_newest() -> None:
    """730 days before 2026-01-01 is 2024-01-02; orders without a date stay."""
    lines = [
        line(order, thing, day)
        for order, day in (("new", date(2026, 1, 1)), ("edge", date(2024, 1, 2)), ("old", date(2024, 1, 1)))
        for thing in ("cup", "tea")
    ]
    lines += [line("undated", "cup"), line("undated", "pot")]

    baskets = baskets_of(lines, SHOP, max_age_days=730)

    assert baskets.rows == ((0, 2), (0, 2), (0, 1))
    assert baskets.expired_orders == 1


def test_a_file_becomes_baskets(tmp_path: Path) -> None:
    path = tmp_path / "orders.tsv"
    path.write_text("order_id\tproduct_id\n1\tcup\n1\ttea\n", encoding="utf-8")

    assert read_baskets(path, SHOP).rows == ((0, 2),)
