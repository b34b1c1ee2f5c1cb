"""From files to queries, in shops whose shoppers' tastes and eyes are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError, DataError
from index_builder.train.queries.events import EventReport, EventRules, event_queries, event_source
from index_builder.train.queries.events.cleaning import RARE
from index_builder.train.queries.events.examination import BiasMethod
from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery
from index_builder.train.queries.source import ORIGIN_WEIGHTS
from tests.unit.index_builder.train.queries.events.simulated_shop import (
    PLACES,
    ROW_OF,
    SimulatedShop,
    together,
    written,
)

USUAL = 1 / np.arange(1, PLACES + 1)


def shop(looks: np.ndarray = USUAL, satisfied: float | None = None) -> SimulatedShop:
    """A fifth of the products answers each of twelve queries."""
    chance = np.random.default_rng(1)
    size = (12, PLACES)
    good, other = chance.uniform(0.3, 0.7, size), chance.uniform(0.01, 0.08, size)
    return SimulatedShop(np.where(chance.random(size) < 0.2, good, other), looks, satisfied=satisfied)


def learnt(
    path: Path, columns: dict[str, list[object]], *, without: str = ""
) -> tuple[list[TrainingQuery], EventReport]:
    kept = {name: column for name, column in columns.items() if name != without}
    return event_queries([written(path / "log.parquet", kept)], ROW_OF)


def regret(queries: list[TrainingQuery], shop: SimulatedShop) -> float:
    """How much less the best product by grades attracts than the best there is, on average, in [0, 1]."""
    kept = [shop.attraction[int(query.text.split()[1])] for query in queries]
    return float(np.mean([1 - of[query.rows[0]] / of.max() for query, of in zip(queries, kept, strict=True)]))


def graded(queries: list[TrainingQuery]) -> Mapping[str, Mapping[int, float]]:
    return {
        query.text: dict(zip(query.rows.tolist(), query.grades.tolist(), strict=True)) for query in queries
    }


def two_products(searches: int) -> dict[str, list[object]]:
    """Product 1 attracts twice as much as product 0, which stands first in nine of ten lists."""
    chance = np.random.default_rng(0)
    rows: list[tuple[object, ...]] = []
    for at in range(searches):
        order = (1, 0) if at % 10 == 0 else (0, 1)
        for place, product in enumerate(order, start=1):
            name = ("ink", f"p{product}", place, f"s{at % 1_000}", f"l{at}")
            rows.append(("impression", *name))
            if chance.random() < (0.3, 0.6)[product] / place**2:
                rows.append(("click", *name))
    names = ("type", "query", "product_id", "position", "shopper_id", "search_id")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def test_the_first_product_wins_by_clicks_the_better_one_once_position_counts(tmp_path: Path) -> None:
    columns = two_products(2_000)
    # By clicks: product 0 has .9 x .3 + .1 x .3 / 4 = .28 a list, product 1 .1 x .6 + .9 x .6 / 4 = .2.
    (biased,), report = learnt(tmp_path, columns, without="position")
    assert biased.rows[0] == 0
    assert report.examination.method is BiasMethod.NONE
    assert report.notes[-1].startswith("The log has no positions")
    (query,), report = learnt(tmp_path, columns)
    assert query.rows.tolist() == [1, 0]
    # .3 / .6; a standard error of the estimated ratio is about a tenth of it.
    assert query.grades[1] == pytest.approx(0.5, abs=0.1)
    assert report.examination.method is BiasMethod.ESTIMATED
    assert report.examination.propensity[1] == pytest.approx(1 / 4, abs=0.06)


@pytest.mark.parametrize("satisfied", [None, 0.8], ids=["position-based", "cascade"])
def test_debiased_grades_find_better_products(tmp_path: Path, satisfied: float | None) -> None:
    simulated = shop(USUAL if satisfied is None else USUAL**0.4, satisfied)
    columns = simulated.log(3_000, shoppers=400, seed=3)
    biased, _ = learnt(tmp_path, columns, without="position")
    queries, _ = learnt(tmp_path, columns)
    assert regret(queries, simulated) < regret(biased, simulated)
    # Of what is graded as an answer, nine of ten attract at least half as much as the best that there is.
    good = []
    for query in queries:
        attraction = simulated.attraction[int(query.text.split()[1])]
        answers = query.rows[query.grades >= ANSWERS_FROM]
        good += (attraction[answers] >= ANSWERS_FROM * attraction.max()).tolist()
    assert np.mean(good) > 0.9


def test_bots_change_nothing(tmp_path: Path) -> None:
    simulated = shop()
    columns = simulated.log(2_000, shoppers=300, seed=4)
    reading_all = SimulatedShop(np.full((12, PLACES), 0.95), np.ones(PLACES))
    bots = reading_all.log(300, shoppers=3, seed=5)
    for name in ("shopper_id", "search_id"):
        bots[name] = [f"bot {value}" for value in bots[name]]
    alone, _ = learnt(tmp_path, columns)
    queries, report = learnt(tmp_path, together(columns, bots))
    assert graded(queries) == graded(alone)
    assert sum(report.bots.values()) == 3


def test_a_log_of_clicks_gives_answers_only(tmp_path: Path) -> None:
    columns = shop().log(2_000, shoppers=300, seed=6)
    clicks = [at for at, kind in enumerate(columns["type"]) if kind != "impression"]
    queries, report = learnt(
        tmp_path, {name: [column[at] for at in clicks] for name, column in columns.items()}
    )
    assert len(queries) == 12
    assert all(np.all(query.grades >= ANSWERS_FROM) for query in queries)
    assert report.negatives == 0
    assert report.examination.method is BiasMethod.ASSUMED
    assert any("no negatives" in note for note in report.notes)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["view", "click", "click", "cart", "purchase"]),
        st.sampled_from(["ink", "pen", ""]),
        st.sampled_from(["p1", "p2", "p3", "gone"]),
        st.sampled_from(["", "1", "2", "150"]),
        st.sampled_from(["", "anna", "bert", "carl"]),
        st.sampled_from(["", "one", "two"]),
        st.sampled_from(["", "1700000001", "1700000002.5", "1700090000", "60"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, st.integers(1, 3))
def test_any_log_gives_queries_that_keep_their_promises(
    tmp_path: Path, events: list[tuple[str, ...]], least: int
) -> None:
    path = tmp_path / "log.csv"
    header = "type,query,product_id,position,shopper_id,search_id,time"
    path.write_text("\n".join([header, *map(",".join, events)]), encoding="utf-8")
    rules = EventRules(min_shoppers=least, min_clicks=least)
    try:
        queries, report = event_queries([path], {"p1": 4, "p2": 2, "p3": 9}, rules=rules, max_bad_share=1.0)
    except (ConfigError, DataError):
        return
    assert len(queries) == report.query_count
    for query in queries:
        assert query.grades.max() == 1
        assert np.all((query.grades >= 0) & (query.grades <= 1))
        assert set(query.rows) <= {2, 4, 9}
        assert len(set(query.rows)) == len(query.rows)
        assert set(query.rows[query.grades >= ANSWERS_FROM]) <= set(query.answers)
        assert set(query.rows[query.grades < ANSWERS_FROM]).isdisjoint(query.answers)
        assert 0 < query.weight <= 1
    assert len(list(report.lines())) >= 3


SMALL = "type,query,product_id,shopper_id,search_id,position\n" + "\n".join(
    [
        *(f"view,ink,p{row},s{at},l{at},{row}" for at in range(40) for row in (1, 2, 3)),
        *(f"click,Ink,p1,s{at},l{at},1" for at in range(20)),
        *(f"purchase,ink,p1,s{at},l{at},1" for at in range(5)),
        *(f"click,pen,p1,s{at},m{at},1" for at in range(2)),
        "hover,ink,p1,s1,l1,1",
    ]
)
"""Forty lists of three products for "ink", twenty clicks; two shoppers who asked for a pen."""


def test_the_report_of_a_small_log_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SMALL, encoding="utf-8")
    (query,), report = event_queries([path], {"p1": 7, "p2": 5})
    assert (query.text, query.rows.tolist(), query.grades.tolist()) == ("ink", [7, 5], [1, 0])
    assert report.row_count == 120 + 20 + 5 + 2 + 1
    assert report.kinds == {"impression": 120, "click": 22, "cart": 0, "purchase": 5}
    assert report.shopper_count == 40
    assert dict(report.bad_rows) == {"bad_event": 1}
    assert report.dropped == {"on products that the query never showed": 2}
    assert report.dropped_queries == {}
    assert (report.query_count, report.answers, report.negatives, report.unsure) == (1, 1, 1, 0)
    assert (report.unknown_products, report.bots) == (1, {})
    lines = list(report.lines())
    assert lines[0] == "148 rows: 120 impressions, 22 clicks, 5 purchases, by 40 shoppers."
    assert lines[1].startswith("1 queries with 1 answers and 1 negatives; 0 clicked products")
    assert lines[2] == "Attention by place: assumed (1 / position ^ eta); 1: 1.00, 2: 0.50, 3: 0.33."
    assert "Bad rows, bad_event: 1." in lines
    assert "1 products are not in the catalogue." in lines
    assert lines[-1].startswith("Only 0 clicks are on products that a query showed at several places")


def test_the_same_log_gives_the_same_queries_in_any_order_of_its_rows(tmp_path: Path) -> None:
    columns = two_products(300)
    order = np.random.default_rng(0).permutation(len(columns["type"]))
    shuffled = {name: [column[at] for at in order] for name, column in columns.items()}
    assert graded(learnt(tmp_path, columns)[0]) == graded(learnt(tmp_path, shuffled)[0])


def test_a_source_weighs_as_events_do_and_tells_what_was_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SMALL + "\nview,pen,p1,s0,m0,1\nview,pen,p1,s1,m1,1", encoding="utf-8")
    source, report = event_source([path], {"p1": 7, "p2": 5})
    assert source.origin is Origin.EVENTS
    assert source.weight == ORIGIN_WEIGHTS[Origin.EVENTS]
    assert [query.text for query in source.queries] == ["ink"]
    assert source.dropped == report.dropped_queries == {RARE: 1}


def test_a_log_that_teaches_nothing_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("type,query,product_id,shopper_id\nclick,ink,p1,anna\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"can be learnt from \(1 x asked by too few shoppers\)"):
        event_source([path], {"p1": 0})
    queries, _ = event_queries([path], {"p1": 0}, rules=EventRules(min_shoppers=1, min_clicks=1))
    assert [query.rows.tolist() for query in queries] == [[0]]
