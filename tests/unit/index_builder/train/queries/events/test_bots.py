from index_builder.train.queries.events.bots import TOO_FAST, TOO_KEEN, TOO_STUBBORN, find_bots
from index_builder.train.queries.events.cells import Event
from index_builder.train.queries.events.rules import EventRules
from tests.unit.index_builder.train.queries.events.small_log import event, log

RULES = EventRules(clicks_per_hour=10, click_share=0.7, min_shown=10, searches_per_day=5)


def clicks(shopper: str, count: int, *, every: float = 1.0) -> list[Event]:
    return [event("click", f"p{at}", shopper=shopper, search=shopper, at=every * at) for at in range(count)]


def views(shopper: str, count: int) -> list[Event]:
    return [event("view", f"p{at}", shopper=shopper, search=shopper, at=0) for at in range(count)]


def searches(shopper: str, count: int, *, every: float) -> list[Event]:
    return [
        event("view", "a", shopper=shopper, search=f"{shopper} {at}", at=every * at) for at in range(count)
    ]


PEOPLE = [
    each
    for at in range(9)
    for each in (*views(f"calm {at}", 10), *clicks(f"calm {at}", 1), *searches(f"calm {at}", 1, every=0))
]
"""So many that the median shopper clicks once and deviates by nothing: the limits are the rules'."""


def test_who_clicks_faster_than_people_is_a_bot() -> None:
    table = log(*clicks("bot", 11), *clicks("anna", 10), *clicks("slow", 40, every=600), *PEOPLE)
    bots = find_bots(table, RULES)
    assert bots.shoppers == {TOO_FAST: 1}
    assert bots.events.tolist() == [True] * 11 + [False] * (50 + len(PEOPLE))


def test_who_clicks_nearly_everything_is_a_bot() -> None:
    # 8 of 10 is above .7, 7 of 10 is not, and 5 of 5 is too few to tell.
    table = log(
        *views("bot", 10),
        *clicks("bot", 8),
        *views("anna", 10),
        *clicks("anna", 7),
        *views("bert", 5),
        *clicks("bert", 5),
        *PEOPLE,
    )
    bots = find_bots(table, RULES)
    assert bots.shoppers == {TOO_KEEN: 1}
    assert bots.events.sum() == 18


def test_who_asks_one_query_all_day_is_a_bot() -> None:
    table = log(
        *searches("bot", 6, every=60),
        *searches("anna", 5, every=60),
        *searches("slow", 30, every=86_400),
        *PEOPLE,
    )
    bots = find_bots(table, RULES)
    assert bots.shoppers == {TOO_STUBBORN: 1}
    assert bots.events.sum() == 6


def test_a_shop_whose_customers_all_click_much_keeps_them() -> None:
    people = [each for at in range(5) for each in clicks(f"s{at}", 26 + 2 * at)]
    bots = find_bots(log(*people, *clicks("bot", 60)), RULES)
    # With the bot, sizes are 26, 28, 30, 32, 34, 60: median 31, deviations 5, 3, 1, 1, 3, 29, their median 3;
    # the limit is 31 + 10 x 1.4826 x 3 = 75.5.
    assert bots.shoppers == {}
    bots = find_bots(log(*people, *clicks("bot", 76)), RULES)
    assert bots.shoppers == {TOO_FAST: 1}


def test_events_of_nobody_are_kept() -> None:
    bots = find_bots(log(*clicks("", 50)), RULES)
    assert not bots.events.any()
    assert bots.shoppers == {}
