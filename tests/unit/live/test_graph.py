"""Which live products hang on which entities, beside those of the generation."""

from __future__ import annotations

import numpy as np

from engine.live.graph import Hanging, LayeredGraph
from engine.live.product_reader import SAID_IN_TITLE
from engine.types import Product
from tests.unit.live.live_fakes import product
from tests.unit.live.named_graph import BLACK, CARTRIDGE, GRAPH, SUPPLIES, read


def layered(*products: Product, size: int | None = None) -> LayeredGraph:
    hanging = Hanging(4)
    for each in products:
        hanging.add(read(each))
    return LayeredGraph(GRAPH, hanging, 4, 4 + len(products) if size is None else size)


def test_products_of_both_parts_hang_on_an_entity_in_ascending_order() -> None:
    graph = layered(product("p", "Cartridge"), product("q", "Cup"), product("r", "Cartridge"))

    assert graph.product_total == 7
    assert graph.products(CARTRIDGE, 10).tolist() == [0, 2, 4, 6]
    assert graph.products(CARTRIDGE, 3).tolist() == [0, 2, 4]
    assert graph.products(BLACK, 10).tolist() == [1]


def test_confidences_and_kinds_are_told_for_rows_in_any_order() -> None:
    graph = layered(product("p", "Cartridge"), product("q", "Cup"))
    rows = np.array([5, 4, 2, 1])

    np.testing.assert_allclose(graph.confidence_of(CARTRIDGE, rows), [0, SAID_IN_TITLE, 1, 0])
    assert graph.typed(rows).tolist() == [False, True, *GRAPH.typed(rows[2:]).tolist()]
    assert graph.nearness([CARTRIDGE], rows)[:2].tolist() == [0, 0]


def test_a_state_does_not_see_slots_that_were_taken_after_it() -> None:
    graph = layered(product("p", "Cartridge"), product("q", "Cartridge"), size=5)

    assert graph.products(CARTRIDGE, 10).tolist() == [0, 2, 4]
    assert graph.product_total == 5


def test_a_slot_tells_what_it_states_without_what_follows() -> None:
    hanging = Hanging(4)
    hanging.add(read(product("p", "Cup")))
    hanging.add(read(product("q", "Black cartridge")))

    assert hanging.stated(4) == {}
    assert hanging.stated(5) == {BLACK: SAID_IN_TITLE, CARTRIDGE: SAID_IN_TITLE}
    assert hanging.on(SUPPLIES, 6)[0].tolist() == [5]
