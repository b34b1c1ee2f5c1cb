import math

from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.searches import with_searches
from index_builder.train.queries.events.table import EventTable
from tests.unit.index_builder.train.queries.events.small_log import event, log

RULES = EventRules(search_gap_seconds=100, attribution_seconds=1_000)


def same_list(table: EventTable) -> list[int]:
    """For each event the first one that is in the same list."""
    searches = with_searches(table, RULES).search.tolist()
    return [searches.index(search) for search in searches]


def test_a_pause_or_another_query_starts_a_new_list() -> None:
    table = log(
        event("view", "a", at=0),
        event("view", "b", at=90),
        event("view", "c", at=180),
        event("view", "a", at=281),
        event("view", "a", at=285, query="pen"),
        event("view", "a", at=285, shopper="bert"),
    )
    assert same_list(table) == [0, 0, 0, 3, 4, 5]


def test_without_times_all_of_a_shopper_and_query_is_one_list() -> None:
    assert same_list(log(event("view", "a"), event("click", "a"), event("click", "a", query="pen"))) == [
        0,
        0,
        2,
    ]


def test_events_of_nobody_are_lists_of_their_own() -> None:
    assert same_list(log(event("click", "a", shopper=""), event("click", "a", shopper=""))) == [0, 1]


def test_lists_that_the_log_names_stay_as_they_are() -> None:
    table = log(
        event("view", "a", search="one", at=0),
        event("view", "a", at=1),
        event("click", "a", search="one", at=5_000),
    )
    assert same_list(table) == [0, 1, 0]


def test_a_purchase_belongs_to_the_last_click_on_the_product() -> None:
    table = log(
        event("click", "a", query="ink", at=0),
        event("click", "a", query="pen", at=300),
        event("click", "b", query="ink", at=310),
        event("purchase", "a", query="", at=900),
        event("purchase", "a", query="ink", at=900),
    )
    done = with_searches(table, RULES)
    assert same_list(table)[3] == 1
    assert done.queries[done.query[3]] == "pen"
    # The last click was for another query, so that this one says what the log says.
    assert same_list(table)[4] == 4


def test_a_purchase_long_after_the_click_or_of_another_product_keeps_no_query() -> None:
    table = log(
        event("click", "a", at=0),
        event("purchase", "a", query="", at=1_001),
        event("purchase", "b", query="", at=10),
        event("purchase", "a", query="", shopper="bert", at=10),
    )
    assert with_searches(table, RULES).query.tolist() == [0, -1, -1, -1]


def test_a_purchase_that_names_list_and_query_keeps_them() -> None:
    table = log(
        event("click", "a", search="one", at=0),
        event("click", "a", search="two", at=10),
        event("purchase", "a", search="one", at=20),
    )
    assert same_list(table) == [0, 1, 0]


def test_a_purchase_without_a_shopper_belongs_to_its_list() -> None:
    table = log(
        event("click", "a", shopper="", search="one"),
        event("purchase", "a", shopper="", search="one", query=""),
        event("purchase", "a", shopper="", search="two", query=""),
    )
    assert with_searches(table, RULES).query.tolist() == [0, 0, -1]


def test_a_click_at_the_same_time_comes_before_the_purchase() -> None:
    table = log(event("purchase", "a", query="", at=math.nan), event("click", "a"))
    assert with_searches(table, RULES).query.tolist() == [0, 0]
