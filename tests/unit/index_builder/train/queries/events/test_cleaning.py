import numpy as np
import pytest

from engine.errors import ConfigError
from index_builder.train.queries.events import cleaning
from index_builder.train.queries.events.cleaning import cleaned, usable_queries, with_rows
from index_builder.train.queries.events.rules import EventRules
from tests.unit.index_builder.train.queries.events.small_log import event, log

RULES = EventRules()


def test_every_event_that_is_dropped_is_counted_under_its_reason() -> None:
    clean = cleaned(
        log(
            event("view", "a", search="one", at=0),
            event("view", "a", search="one", at=1),  # repeated
            event("view", "b", search="one", at=0),
            event("click", "b", search="one", at=10),  # by accident, as the view is
            event("click", "a", search="one", at=11),
            event("click", "a", search="one", at=13),  # a double click
            event("click", "c", search="one", at=60),  # never shown
            event("purchase", "d", query="", at=90),  # follows no click
            event("purchase", "a", query="", at=90),
            event("click", "a", search="two", shopper="bert", at=90),
        ),
        RULES,
    )
    assert clean.dropped == {
        cleaning.NO_CLICK: 1,
        cleaning.DOUBLE: 1,
        cleaning.REPEATED: 1,
        cleaning.SLIPS: 2,
        cleaning.UNSHOWN: 1,
    }
    assert len(clean.table) == 10 - 6
    assert clean.impressions
    assert clean.notes == ()


def test_bots_are_gone_with_all_they_did() -> None:
    people = [event("view", "a", shopper=f"s{at}", search=f"s{at}", at=at) for at in range(9)]
    bot = [event("view", "a", shopper="bot", search=f"bot {at}", at=at) for at in range(21)]
    clean = cleaned(log(*people, *bot), RULES)
    assert clean.dropped == {cleaning.BOTS: 21}
    assert sum(clean.bots.values()) == 1
    assert len(clean.table) == 9


def test_impressions_of_a_log_that_lacks_most_are_left_out_and_it_is_told() -> None:
    clean = cleaned(
        log(event("view", "x", at=0), event("click", "a", at=10), event("click", "b", at=90)), RULES
    )
    assert not clean.impressions
    assert clean.dropped == {cleaning.FEW_SHOWN: 1}
    assert [note[:49] for note in clean.notes] == ["The log does not say what was shown and not click"]


def test_what_a_bare_log_cannot_tell_is_said() -> None:
    clean = cleaned(log(event("click", "a", shopper="")), RULES)
    assert [note.split(":")[0] for note in clean.notes] == [
        "The log names no shoppers",
        "The log's times tell no seconds apart",
        "The log does not say what was shown and not clicked",
    ]
    clean = cleaned(log(event("view", "a", at=1), event("cart", "a", at=90)), RULES)
    assert clean.notes[0].startswith("The log has no clicks. If its views are pages that shoppers opened")


def test_two_ids_of_one_product_are_one_and_unknown_ones_come_after_the_catalogue() -> None:
    table = log(event("click", "old"), event("click", "gone"), event("click", "new"), event("click", "z"))
    table, end, unknown = with_rows(table, {"old": 4, "new": 4, "z": 2})
    assert (end, unknown) == (5, 1)
    assert table.product.tolist() == [4, 5 + 1, 4, 2]


def test_events_of_another_catalogue_are_refused_by_name() -> None:
    table = log(event("click", "x2"), event("click", "x1"), event("click", "a"))
    with pytest.raises(ConfigError, match=r"2 of the 3 products in the events are not in the .* x1, x2\."):
        with_rows(table, {"a": 0})


def test_a_query_needs_enough_shoppers_and_clicks() -> None:
    asked = {
        "rare": ["anna", "anna", "anna", "bert", ""],
        "good": ["anna", "bert", "carl"],
        "unclicked": ["anna", "bert", "carl"],
    }
    table = log(
        *(
            event(
                "view" if query == "unclicked" else "click",
                "a",
                query=query,
                shopper=who,
                search=f"{at}{query}",
            )
            for query, shoppers in asked.items()
            for at, who in enumerate(shoppers)
        )
    )
    usable, dropped = usable_queries(table, RULES)
    assert usable.tolist() == [False, True, False]
    assert dropped == {cleaning.RARE: 1, cleaning.FEW_CLICKS: 1}


def test_a_log_without_shoppers_is_judged_by_its_clicks() -> None:
    table = log(*(event("click", "a", shopper="", search=str(at)) for at in range(3)))
    assert usable_queries(table, RULES)[0].tolist() == [True]


def test_a_click_with_its_purchase_is_one_click() -> None:
    table = log(*(event(kind, "a", search="one") for kind in ("click", "cart", "purchase")))
    usable, dropped = usable_queries(table, EventRules(min_shoppers=1))
    assert not np.any(usable)
    assert dropped == {cleaning.FEW_CLICKS: 1}
