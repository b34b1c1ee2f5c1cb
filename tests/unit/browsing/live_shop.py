"""Lamps whose graph a build made, and a browser over it with live changes: what a build of all products at
once is held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.graph_reader import GraphReader
from engine.backends.knowledge_graph import STORE, OxigraphKnowledgeGraph
from engine.browsing.browser import GraphBrowser
from engine.browsing.layered import LayeredSource
from engine.browsing.live_statements import LiveStatements
from engine.live.product_reader import ProductReader
from engine.stages.link import EntityLinker
from engine.stages.understand import Understand
from engine.types import Product
from index_builder.graph.load import build_graph
from tests.unit.live.live_fakes import ListedCatalog, Shop, product

ROOT = "urn:cartograph:"
BLACK, WHITE = f"{ROOT}color:black", f"{ROOT}color:white"
LUMO, ARKA = f"{ROOT}brand:lumo", f"{ROOT}brand:arka"
HOME, DESK, FLOOR = (f"{ROOT}category:{path}" for path in ("home", "home:desk%20lamps", "home:floor%20lamps"))


def lamp(number: int, brand: str, kind: str, color: str, **attributes: str | bool) -> Product:
    title = f"{brand} {kind} {number}"
    return product(
        f"L {number}",
        title,
        brand=brand,
        category=("Home", f"{kind} lamps"),
        attributes={"color": color, "title_zh": f"台灯{number}", **attributes},
    )


LAMPS = [
    lamp(1, "Lumo", "Desk", "black", dimmable=True),
    lamp(2, "Lumo", "Floor", "black"),
    lamp(3, "Arka", "Desk", "white"),
    lamp(4, "Arka", "Floor", "white", dimmable=True),
    lamp(5, "Arka", "Desk", "black"),
]
NEW = lamp(6, "Lumo", "Desk", "black", dimmable=True)
REPAINTED = lamp(3, "Arka", "Desk", "black")
"""The third, which was white."""


@dataclass(frozen=True)
class LampShop:
    """`shop` takes changes; `browser` sees them."""

    shop: Shop
    reader: GraphReader
    understand: Understand
    queries: GraphQueryPool

    @classmethod
    def build(cls, products: Sequence[Product], folder: Path) -> LampShop:
        build_graph(products, folder)
        return cls.open(products, folder)

    @classmethod
    def open(cls, products: Sequence[Product], folder: Path) -> LampShop:
        graph = OxigraphKnowledgeGraph.open(folder)
        linker = EntityLinker(graph.labels(), graph.words, graph)
        pool = GraphQueryPool(folder / STORE, processes=1, memory_mib=256, scratch=folder)
        shop = Shop(products, read=ProductReader(graph, linker))
        return cls(shop, GraphReader.open(graph, folder), Understand(linker), pool)

    @property
    def browser(self) -> GraphBrowser:
        changes = LiveStatements(self.shop.overlay, self.shop.state.hanging)
        source = LayeredSource(self.reader, changes)
        return GraphBrowser("g", source, self.shop.catalog, self.understand, self.queries, changes)

    @property
    def built(self) -> GraphBrowser:
        """Without live changes."""
        return GraphBrowser("g", self.reader, ListedCatalog(self.shop.listed), self.understand, self.queries)
