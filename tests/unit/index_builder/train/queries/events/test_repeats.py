from index_builder.train.queries.events.repeats import (
    coarse_times,
    double_clicks,
    further_lists,
    repeats,
    slips,
)
from index_builder.train.queries.events.rules import EventRules
from index_builder.train.queries.events.table import EventTable
from tests.unit.index_builder.train.queries.events.small_log import event, log

RULES = EventRules(double_click_seconds=5, accident_seconds=2)


def test_a_second_click_within_seconds_is_a_double_click() -> None:
    table = log(
        event("click", "a", at=0),
        event("click", "a", at=5),
        event("click", "a", at=11),
        event("click", "b", at=11),
        event("click", "a", at=12, shopper="bert"),
        event("click", "a", at=12, query="pen"),
    )
    # Five seconds after the first is one, six after the second is not.
    assert double_clicks(table, RULES).tolist() == [False, True, False, False, False, False]


def test_only_the_first_of_equal_events_in_a_list_counts() -> None:
    table = log(
        event("view", "a", search="one", position=1),
        event("click", "a", search="one"),
        event("view", "a", search="one", position=2),
        event("view", "a", search="two"),
        event("view", "b", search="one"),
    )
    assert repeats(table).tolist() == [False, False, True, False, False]


def test_only_the_first_lists_of_a_shopper_and_query_count() -> None:
    table = log(
        event("view", "a", search="late", at=50),
        event("view", "a", search="first", at=10),
        event("view", "b", search="second", at=20),
        event("click", "a", search="first", at=60),
        event("view", "a", search="late", at=51),
        event("view", "a", search="late", shopper="bert", at=50),
        event("view", "a", search="other", query="pen", at=99),
        *(event("view", "a", search=str(at), shopper="", at=at) for at in range(3)),
    )
    rules = EventRules(lists_per_shopper=2)
    assert further_lists(table, rules).tolist() == [True, False, False, False, True] + 5 * [False]
    assert not further_lists(table, EventRules(lists_per_shopper=3)).any()


def test_a_click_followed_at_once_by_another_was_an_accident_and_its_view_says_nothing() -> None:
    table = log(
        event("view", "a", search="one", at=0),
        event("view", "b", search="one", at=0),
        event("click", "a", search="one", at=10),
        event("click", "b", search="one", at=12),
        event("view", "a", search="two", at=12),
        event("click", "a", search="two", at=12.5),
    )
    assert slips(table, RULES).tolist() == [True, False, True, False, False, False]


def test_a_click_that_led_to_a_cart_was_meant() -> None:
    table = log(
        event("click", "a", search="one", at=10),
        event("click", "b", search="one", at=11),
        event("cart", "a", search="one", at=90),
    )
    assert not slips(table, RULES).any()


def test_clicks_at_the_very_same_time_are_no_accidents() -> None:
    table = log(event("click", "a", search="one", at=10), event("click", "b", search="one", at=10))
    assert not slips(table, RULES).any()


def test_the_next_list_does_not_make_a_click_an_accident() -> None:
    table = log(event("click", "a", search="one", at=10), event("click", "b", search="two", at=11))
    assert not slips(table, RULES).any()


def in_whole_minutes() -> EventTable:
    """33 seconds after the log's start is a whole minute."""
    return log(
        *(event("click", product, search="one", at=33 + 60 * at) for at, product in enumerate("aab")),
    )


def test_times_of_whole_minutes_tell_nothing_of_seconds() -> None:
    rules = EventRules(double_click_seconds=100, accident_seconds=100)
    assert coarse_times(in_whole_minutes())
    assert coarse_times(log(event("click", "a")))
    assert not double_clicks(in_whole_minutes(), rules).any()
    assert not slips(in_whole_minutes(), rules).any()
    assert not coarse_times(log(event("click", "a", at=1)))
