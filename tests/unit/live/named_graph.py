"""A graph of a few entities and their names, and what reads products by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.live.product_reader import ProductReader
from engine.stages.link import EntityLinker
from engine.types import Entity, EntityKind, GraphEdge
from tests.unit.stages.graph_fake import FakeGraph, entity

INKO = entity("Inko", EntityKind.BRAND)
SUPPLIES = entity("supplies", EntityKind.CATEGORY)
CARTRIDGE = entity("cartridge", EntityKind.CATEGORY, attribute="product_type")
PHONES = Entity("urn:cartograph:category:phones", EntityKind.CATEGORY, "Phones")
PHONE_CASES, CAMERA_CASES = (
    Entity(f"urn:cartograph:category:{path}:cases", EntityKind.CATEGORY, "Cases")
    for path in ("phones", "cameras")
)
WI_FI = entity("wi fi", EntityKind.ATTRIBUTE_VALUE, attribute="wi_fi")
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
    ("phones", PHONES, 1.0),
    ("cases", PHONE_CASES, 1.0),
    ("cases", CAMERA_CASES, 1.0),
    ("wi fi", WI_FI, 1.0),
)


@dataclass(frozen=True)
class NamedFake(FakeGraph):
    def labels(self) -> Iterable[tuple[str, Entity, float]]:
        return NAMES


GRAPH = NamedFake(
    4,
    rows={CARTRIDGE.iri: [0, 2], BLACK.iri: [1]},
    edges={
        CARTRIDGE.iri: [GraphEdge("broader", SUPPLIES)],
        SUPPLIES.iri: [GraphEdge("narrower", CARTRIDGE)],
        PHONE_CASES.iri: [GraphEdge("broader", PHONES)],
        PHONES.iri: [GraphEdge("broader", PHONE_CASES)],  # a cycle, as taxonomies of other people have them
    },
)
read = ProductReader(GRAPH, EntityLinker(NAMES, {}))
