"""What a server recorded, in builds and trainings: as from files, and only what enough shoppers did."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.deadline import Deadline
from engine.errors import ConfigError
from engine.shopper_events import EventType, ShopperEvent
from engine.types import Product, ProductId
from index_builder.config import BuildSettings
from index_builder.graph.relations.orders import baskets_of
from index_builder.knowledge import read_baskets, read_knowledge
from index_builder.live_events import LiveEvents
from index_builder.train.queries.events import event_queries
from index_builder.train.queries.events.reading import read_events
from tests.event_samples import click, event_book, purchase

ROW_OF = {"p1": 0, "p2": 1, "p3": 2}
SHOP = [Product(ProductId(name), name) for name in ROW_OF]
SHOPPERS = ("anna", "bert", "cleo", "dora")


def record(data: Path, events: Sequence[ShopperEvent]) -> None:
    with closing(event_book(data)) as book:
        assert not any(outcome.reason for outcome in book.record(events, Deadline.none()))


def ink() -> list[ShopperEvent]:
    """Everybody asks for ink and opens p1, one buys p2 instead; anna alone asks for something of her own."""
    events = [click(number, who, product="p1") for number, who in enumerate(SHOPPERS)]
    events += [click(10 + number, who, product="p2") for number, who in enumerate(SHOPPERS[:3])]
    events += [replace(events[-1], event_id="bought", type=EventType.PURCHASE)]
    events += [click(20 + number, query="a letter to my doctor", product="p3") for number in range(5)]
    return events


def test_past_queries_are_what_enough_shoppers_asked_with_the_best_answers_first(tmp_path: Path) -> None:
    record(tmp_path, ink())

    events = LiveEvents.read(tmp_path)

    assert events is not None
    (query,) = events.past_queries(ROW_OF)
    assert query.text == "ink"
    assert query.count == 7  # lists of results
    assert set(query.rows.tolist()) == {0, 1}
    assert events.sequence == 13


def test_of_a_log_that_names_nobody_nothing_is_suggested_to_others(tmp_path: Path) -> None:
    record(tmp_path, [replace(event, shopper_id="") for event in ink()])

    events = LiveEvents.read(tmp_path)

    assert events is not None
    assert events.past_queries(ROW_OF) == []


def test_products_that_are_gone_keep_no_build_from_learning(tmp_path: Path) -> None:
    record(tmp_path, [*ink(), *(click(30 + number, product=f"old{number}") for number in range(9))])

    events = LiveEvents.read(tmp_path)

    assert events is not None
    assert [query.text for query in events.past_queries(ROW_OF)] == ["ink"]


def test_purchases_of_one_order_are_a_basket_and_without_orders_those_of_one_visit(tmp_path: Path) -> None:
    visit = replace(purchase(5, "bert", "", "p3"), session_id="v1")
    record(
        tmp_path,
        [
            *(purchase(number, "anna", "o1", product) for number, product in enumerate(["p1", "p2"])),
            purchase(3, "anna", "o2", "p3"),
            *(visit, replace(visit, event_id="e6", product_id="p1")),
            purchase(7, "cleo", "", "p2"),
        ],
    )

    events = LiveEvents.read(tmp_path)

    assert events is not None
    baskets = baskets_of(events.bought, SHOP)
    assert sorted(baskets.rows) == [(0, 1), (0, 2)]
    assert baskets.single_orders == 1


def test_a_build_from_what_is_served_reads_events_and_files_stand_in_their_place(tmp_path: Path) -> None:
    record(tmp_path, [purchase(number, "anna", "o1", f"p{number}") for number in (1, 2)])
    orders = tmp_path / "orders.tsv"
    orders.write_text("order_id\tproduct_id\n7\tp1\n7\tp3\n")
    live = BuildSettings(out=tmp_path, from_live=True)

    events = read_knowledge(live).events

    baskets = read_baskets(live, SHOP, events)
    assert baskets is not None
    assert baskets.rows == ((0, 1),)
    from_file = read_baskets(live.model_copy(update={"orders": orders}), SHOP, events)
    assert from_file is not None
    assert from_file.rows == ((0, 2),)
    assert read_knowledge(BuildSettings(out=tmp_path, catalog=(orders,))).events is None
    assert read_knowledge(BuildSettings(out=tmp_path / "new", from_live=True)).events is None


def test_a_training_reads_a_data_folder_as_it_reads_files(tmp_path: Path) -> None:
    """Searches, and clicks that followed none, say nothing of a query; a page that was opened is a click."""
    told = [*ink()[:6], replace(ink()[6], type=EventType.VIEW)]
    search = ShopperEvent("asked", EventType.SEARCH, "anna", query="ink")
    record(tmp_path, [*told, search, click(41, query="")])
    lines = [
        f'{{"type": "click", "query": "ink", "product_id": "{event.product_id}", '
        f'"shopper_id": "{event.shopper_id}", "search_id": "{event.search_id}"}}'
        for event in told
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")

    (recorded,), (written,) = (
        event_queries([path], ROW_OF)[0] for path in (tmp_path, tmp_path / "log.jsonl")
    )

    assert (recorded.text, recorded.rows.tolist()) == (written.text, written.rows.tolist()) == ("ink", [0, 1])
    assert recorded.grades.tolist() == written.grades.tolist()
    read = read_events([tmp_path, tmp_path / "log.jsonl"])
    assert (read.row_count, len(read.table)) == (9 + 7, 7 + 7)


def test_a_training_from_a_folder_without_events_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no events in"):
        read_events([tmp_path])
