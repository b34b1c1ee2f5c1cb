from index_builder.train.queries.events.kinds import EventKind
from index_builder.train.queries.events.showings import has_impressions, never_shown, showings
from tests.unit.index_builder.train.queries.events.small_log import event, log


def test_a_showing_is_a_product_in_a_list_with_the_last_that_happened_to_it() -> None:
    happened = showings(
        log(
            event("view", "a", search="one", position=3),
            event("click", "a", search="one"),
            event("purchase", "a", search="one"),
            event("view", "b", search="one", position=1),
            event("click", "a", search="two"),
        )
    )
    assert happened.product.tolist() == [0, 1, 0]
    assert happened.position.tolist() == [3, 1, 0]
    assert happened.stage.tolist() == [EventKind.PURCHASE, EventKind.IMPRESSION, EventKind.CLICK]
    assert happened.clicked.tolist() == [True, False, True]


def test_what_was_never_shown_is_told_by_query() -> None:
    table = log(
        event("view", "a"), event("click", "a"), event("click", "b"), event("click", "a", query="pen")
    )
    assert never_shown(table).tolist() == [False, False, True, True]


def test_a_log_that_lacks_the_impressions_of_most_clicks_has_none() -> None:
    shown = [event("view", "a"), event("click", "a")]
    unshown = event("click", "b")
    assert has_impressions(log(*shown, *shown, unshown))
    assert not has_impressions(log(*shown, unshown))
    assert not has_impressions(log(unshown))
    assert has_impressions(log(event("view", "a"), event("cart", "a")))
