"""What the benchmark of live changes asks, of a small engine behind a real socket."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.live_shop import Shop, milliseconds
from tests.rpc.fake_engine import CARTRIDGE, CHAIR, FakeEngine
from tests.rpc.running import running


def test_it_makes_products_that_are_new_and_changes_those_that_are_there() -> None:
    engine = FakeEngine()
    with running(engine) as server:
        shop = Shop(server.channel, [CARTRIDGE, CHAIR], ["chair"])
        shop.upsert(shop.upserts(shop.new(3), dimension=4))
        shop.patch(shop.prices([CHAIR], 7))

        assert [each.id for each in engine.catalog][-4:-1] == ["live-0", "live-1", "live-2"]
        assert len({each.title for each in engine.catalog}) == len(engine.catalog)
        assert shop.made == 3
        assert len(shop.searches(0.05)) >= 1
    assert engine.asked[-1][0].skip_cache


def test_a_change_that_is_refused_ends_it() -> None:
    with running(FakeEngine()) as server:
        shop = Shop(server.channel, [CHAIR], ["chair"])

        with pytest.raises(RuntimeError, match="live-0 was refused"):
            shop.patch(shop.prices(shop.new(1), 7))


def test_recall_counts_what_is_as_near_as_the_tenth() -> None:
    """The fake finds its two products whatever the vector: two of the ten that are asked for."""
    with running(FakeEngine()) as server:
        shop = Shop(server.channel, [CARTRIDGE, CHAIR], [])
        products = [CARTRIDGE, CHAIR] * 6
        matrix = np.ones((12, 2), np.float32)

        figures = shop.by_vector(products, matrix, np.ones((3, 2), np.float32))

    assert (figures["recall@10"], figures["count"]) == (0.2, 3)


def test_times_are_told_in_milliseconds() -> None:
    assert milliseconds([0.001, 0.002, 0.003]) == {"p50": 2.0, "p99": 2.98, "count": 3}
