import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DataError
from index_builder.quality.verdicts import RejectedRowError
from index_builder.sources.rows import Problem, RawRow
from index_builder.train.queries.events.cells import Event, read_event
from index_builder.train.queries.events.kinds import EventKind

GOOD: dict[str, Any] = {"type": "click", "query": "red ink", "product_id": "p1"}
NOON = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC, though."""


def read(typed: bool = True, **values: Any) -> Event:
    return read_event(RawRow(Path("log"), 7, GOOD | values, typed))


def test_what_a_row_may_leave_out() -> None:
    event = read()
    assert event[:-1] == (EventKind.CLICK, "red ink", "p1", 0, "", "")
    assert math.isnan(event.time)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Impression", EventKind.IMPRESSION),
        ("view", EventKind.IMPRESSION),
        ("product viewed", EventKind.CLICK),
        ("Add-To-Cart", EventKind.CART),
        ("addToCart", EventKind.CART),
        ("order completed", EventKind.PURCHASE),
        ("点击", EventKind.CLICK),
    ],
)
def test_kinds_have_many_names(name: str, kind: EventKind) -> None:
    assert read(type=name).kind is kind


def test_columns_have_many_names_and_the_usual_one_wins() -> None:
    row = {
        "Event Name": "purchase",
        "Search Term": "ink",
        "SKU": 12.0,
        "rank": "3",
        "visitorId": "v1",
        "userId": "anna",
        "session_id": "s1",
        "query_id": "l1",
    }
    event = read_event(RawRow(Path("log"), 1, row, typed=False))
    assert event[:-1] == (EventKind.PURCHASE, "ink", "12", 3, "shopper anna", "l1")


def test_a_session_stands_for_its_shopper_where_there_is_none() -> None:
    assert read(session_id="s1").shopper == "session s1"


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        int(NOON * 1_000),
        str(int(NOON * 1e6)),
        int(NOON) * 10**9,
        "2023-11-14T22:13:20Z",
        "2023-11-14 22:13:20",
        "2023-11-15T00:13:20+02:00",
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC).replace(tzinfo=None),
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    ],
)
def test_times_are_iso_or_epochs_of_any_unit(value: Any) -> None:
    assert read(time=value).time == NOON


def test_a_day_is_its_midnight() -> None:
    assert read(time=date(1970, 1, 2)).time == 86_400


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"type": "hover"}, Problem.BAD_EVENT),
        ({"type": None}, Problem.BAD_EVENT),
        ({"type": ["click"]}, Problem.BAD_EVENT),
        ({"query": ""}, Problem.EMPTY_QUERY),
        ({"query": {"a": 1}}, Problem.EMPTY_QUERY),
        ({"query": "x" * 1_001}, Problem.LONG_QUERY),
        ({"product_id": " "}, Problem.MISSING_ID),
        ({"product_id": ["p1"]}, Problem.BROKEN_ID),
        ({"product_id": "x" * 501}, Problem.BROKEN_ID),
        ({"position": 0}, Problem.BAD_POSITION),
        ({"position": "1.5"}, Problem.BAD_POSITION),
        ({"position": "nan"}, Problem.BAD_POSITION),
        ({"position": True}, Problem.BAD_POSITION),
        ({"time": "yesterday"}, Problem.BAD_DATE),
        ({"time": -5}, Problem.BAD_DATE),
        ({"time": True}, Problem.BAD_DATE),
        ({"time": [1]}, Problem.BAD_DATE),
    ],
)
def test_rows_that_say_nothing_usable_are_rejected(values: dict[str, Any], problem: Problem) -> None:
    with pytest.raises(RejectedRowError) as rejected:
        read(**values)
    assert rejected.value.code is problem


def test_carts_and_purchases_may_lack_the_query() -> None:
    assert read(type="cart", query=None).query == ""


def test_a_table_without_a_needed_column_is_refused_by_name() -> None:
    row = RawRow(Path("log.csv"), 2, {"type": "click", "words": "ink", "product_id": "p1"}, typed=False)
    with pytest.raises(
        DataError, match=r"log.csv:2: no column is called query or search_term \(there are: type, words,"
    ):
        read_event(row)
