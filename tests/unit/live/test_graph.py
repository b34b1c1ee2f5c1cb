"""What the graph says of products that came after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest

from engine.live.graph import SAID_IN_TITLE, Hanging, LayeredGraph, ProductReader
from engine.stages.link import EntityLinker
from engine.types import Entity, EntityKind, GraphEdge, Product
from tests.unit.live.live_fakes import product
from tests.unit.stages.graph_fake import FakeGraph, entity

INKO = entity("Inko", EntityKind.BRAND)
SUPPLIES = entity("supplies", EntityKind.CATEGORY)
CARTRIDGE = entity("cartridge", EntityKind.CATEGORY, attribute="product_type")
PRINTER = entity("printer", EntityKind.CATEGORY, attribute="product_type")
LX300 = entity("LX300", EntityKind.COMPATIBLE_TARGET)
BLACK = entity("black", EntityKind.COLOR, attribute="color")
NAMES = (
    ("inko", INKO, 1.0),
    ("supplies", SUPPLIES, 1.0),
    ("cartridge", CARTRIDGE, 1.0),
    ("printer", PRINTER, 1.0),
    ("lx300", LX300, 0.8),
    ("black", BLACK, 1.0),
    ("黑色", BLACK, 0.9),
)


@dataclass(frozen=True)
class NamedFake(FakeGraph):
    def labels(self) -> Iterable[tuple[str, Entity, float]]:
        return NAMES


GRAPH = NamedFake(
    4,
    rows={CARTRIDGE.iri: [0, 2], BLACK.iri: [1]},
    edges={CARTRIDGE.iri: [GraphEdge("broader", SUPPLIES)], SUPPLIES.iri: [GraphEdge("narrower", CARTRIDGE)]},
)
read = ProductReader(GRAPH, EntityLinker(NAMES, {}))


def test_fields_name_their_entities_and_broader_ones() -> None:
    found = read(product("p", "P9", brand="INKO", category=("Supplies", "Cartridge")))

    assert found == {INKO: 1.0, SUPPLIES: 1.0, CARTRIDGE: 1.0}


@pytest.mark.parametrize("value", ["Black", ("green", "black"), "黑色"])
def test_an_attribute_names_values_of_its_own_key(value: str | tuple[str, ...]) -> None:
    sure = 0.9 if value == "黑色" else 1.0

    assert read(product("p", "P9", attributes={"color": value})) == {BLACK: sure}
    assert read(product("p", "P9", attributes={"name": value})) == {}


@pytest.mark.parametrize(
    ("title", "entities"),
    [
        ("Black cartridge", {BLACK, CARTRIDGE, SUPPLIES}),
        ("Cartridge for LX300 printer", {CARTRIDGE, SUPPLIES, LX300}),
        ("LX300 printer", {PRINTER}),
        ("printer cartridge", {CARTRIDGE, SUPPLIES}),
        ("Thing for a printer", set()),
    ],
)
def test_a_title_says_what_it_is_and_what_it_fits(title: str, entities: set[Entity]) -> None:
    found = read(product("p", title))

    assert found.keys() == entities
    assert all(sure <= SAID_IN_TITLE for sure in found.values())


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
