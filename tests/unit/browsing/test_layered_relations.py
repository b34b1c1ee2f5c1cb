"""What ties products to products, and other nodes to them, goes with what a product said before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.browsing.browser import GraphBrowser
from engine.browsing.layered import LayeredSource
from engine.browsing.live_statements import LiveStatements
from engine.browsing.relations import product_iri
from engine.graph_values import DescribeRequest, NeighboursRequest
from tests.small_graph import (
    BLACK_INK,
    CYAN_INK,
    LX300,
    PRINTER,
    PRODUCTS,
    open_small_graph,
    write_small_graph,
)
from tests.unit.live.live_fakes import Shop


@dataclass(frozen=True)
class ChangedShop:
    shop: Shop
    built: GraphBrowser

    @property
    def browser(self) -> GraphBrowser:
        changes = LiveStatements(self.shop.overlay, self.shop.state.hanging)
        return replace(self.built, graph=LayeredSource(self.built.graph, changes), catalog=self.shop.catalog)

    def tied(self, iri: str, relation: str) -> set[str]:
        page = self.browser.neighbours(NeighboursRequest(iri, relation))
        return {each.node.product_id for each in page.neighbours}


@pytest.fixture
def changed(tmp_path: Path) -> Iterator[ChangedShop]:
    opened = open_small_graph(write_small_graph(tmp_path))
    yield ChangedShop(Shop(PRODUCTS), opened.browser)
    opened.close()


def test_what_was_similar_to_a_product_that_is_gone_is_so_no_more(changed: ChangedShop) -> None:
    node = product_iri(CYAN_INK.id)
    assert changed.tied(node, "similar") == {BLACK_INK.id}

    changed.shop.delete(BLACK_INK.id)

    assert changed.tied(node, "similar") == set()
    assert all(
        each.relation != "similar" for each in changed.browser.describe(DescribeRequest(node)).statements
    )


def test_a_device_is_the_same_as_a_product_until_that_has_other_words(changed: ChangedShop) -> None:
    assert changed.tied(LX300, "same as") == {PRINTER.id}

    changed.shop.put(replace(PRINTER, title="A lamp"))

    assert changed.tied(LX300, "same as") == set()
    assert changed.tied(product_iri(PRINTER.id), "same as") == set()


def test_another_product_keeps_its_evidence(changed: ChangedShop) -> None:
    asked = DescribeRequest(product_iri(BLACK_INK.id))

    changed.shop.put(replace(PRINTER, title="A lamp"))

    said = [
        (each.relation, each.confidence, each.evidence) for each in changed.browser.describe(asked).statements
    ]
    assert said == [
        (each.relation, each.confidence, each.evidence) for each in changed.built.describe(asked).statements
    ]
    assert any(evidence for _, _, evidence in said)
