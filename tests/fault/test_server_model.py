"""A server against a plain dictionary: changes, searches with filters, swaps of generations, deaths.

Some ninety operations here; CARTOGRAPH_FAULT_OPERATIONS says how many instead (the long form has 1,000,000).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

import grpc
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.generation import DataFolder
from tests.fault.modelled_shop import Condition, ModelledShop, conditions, products
from tests.fault.report import Report
from tests.integration.calls import activate, ask, ids, roll_back, status
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.small_shop import active_generation, link_generation

SHORT = 90
OPERATIONS = int(os.environ.get("CARTOGRAPH_FAULT_OPERATIONS", str(SHORT)))
STEPS = 30
ONE_SWAP_IN, ONE_RESTART_IN = (4, 20) if OPERATIONS <= SHORT else (30, 200)
"""Of the times that one is drawn: they take half a second and two."""
GENERATIONS = ("g-first", "g-second")
IDS = ("OFF-0001", "OFF-0002", "Q-1", "Q-2", "Q-3", "Q-4")
"""Two of the products that were built, and four that were not."""


@dataclass
class World:
    """One server after another over the same data folder."""

    data: Path
    folder: Path
    built: dict[str, product_pb2.Product] = field(default_factory=dict)
    operations: int = 0
    deaths: int = 0
    request_ids: int = 0
    _running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> RealServer:
        folder = self.folder / str(self.deaths)
        folder.mkdir()
        self.server = self._running.enter_context(real_server(self.data, folder, "--live-products", "100000"))
        return self.server

    def restart(self, signal: Signals) -> None:
        self.server.process.send_signal(signal)
        self.server.process.wait(WAIT)
        self.close()
        self.deaths += 1
        self.start()

    def close(self) -> None:
        self._running.close()

    def product(self, product_id: str) -> product_pb2.Product | None:
        request = catalog.GetProductRequest(product_id=product_id)
        try:
            found: product_pb2.Product = self.server.catalog.GetProduct(request, timeout=WAIT).product
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return found


@pytest.fixture
def world(tmp_path: Path, small_data: Path) -> Iterator[World]:
    data = tmp_path / "data"
    for name in GENERATIONS:
        link_generation(active_generation(small_data), data, name=name)
    DataFolder(data).activate(GENERATIONS[0])
    world = World(data, tmp_path)
    answer = ask(
        world.start(), search.SearchProductsRequest(query="printer", page_size=100, view="PRODUCT_VIEW_FULL")
    )
    world.built = {result.product.id: result.product for result in answer.results}
    assert len(world.built) == 30
    yield world
    world.close()


class ServedShop(RuleBasedStateMachine):
    """Each example begins with the shop as it was built, on the server that the one before left."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.shop = ModelledShop(world.built)
        self.last: catalog.UpsertProductsRequest | None = None

    @initialize()
    def as_built(self) -> None:
        self._upsert([self.world.built[product_id] for product_id in IDS[:2]])
        self._delete(IDS[2:])

    @rule(put=st.lists(products(IDS), min_size=1, max_size=3))
    def upsert(self, put: Sequence[product_pb2.Product]) -> None:
        answer = self._upsert(put)
        assert all(outcome.sequence for outcome in answer.outcomes)
        self.shop.now |= {product.id: product for product in put}

    @rule(product=products(IDS), path=st.sampled_from(("price", "title", "attributes", "availability")))
    def patch(self, product: product_pb2.Product, path: str) -> None:
        asked = {"product": product, "update_mask": {"paths": [path]}}
        answer = self.world.server.catalog.PatchProducts(
            catalog.PatchProductsRequest(patches=[asked]), timeout=WAIT
        )
        assert bool(answer.outcomes[0].sequence) == self.shop.patch(product, path)

    @rule(gone=st.lists(st.sampled_from(IDS), min_size=1, max_size=2, unique=True))
    def delete(self, gone: Sequence[str]) -> None:
        answer = self._delete(gone)
        assert [bool(outcome.sequence) for outcome in answer.outcomes] == [
            each in self.shop.now for each in gone
        ]
        for each in gone:
            self.shop.now.pop(each, None)

    @rule()
    def send_the_last_upsert_again(self) -> None:
        """It changes nothing, whatever came between."""
        if self.last is not None:
            answer = self.world.server.catalog.UpsertProducts(self.last, timeout=WAIT)
            assert answer.repeated_request

    @rule(condition=conditions, word=st.sampled_from(("teapot", "black printer")))
    def search(self, condition: Condition, word: str) -> None:
        """Every product is a candidate of so small a shop, so that the filter alone decides."""
        request = search.SearchProductsRequest(query=word, page_size=100, filter=condition.text)
        answer = ask(self.world.server, request)
        assert sorted(ids(answer)) == sorted(self.shop.kept(condition)), condition.text
        assert answer.total_size == len(answer.results)

    @rule(product_id=st.sampled_from(IDS))
    def search_by_title(self, product_id: str) -> None:
        product = self.shop.now.get(product_id)
        if product is not None:
            request = search.SearchProductsRequest(query=product.title, page_size=100)
            found = {result.product.id: result.product for result in ask(self.world.server, request).results}
            assert found.keys() == self.shop.now.keys()
            assert found[product_id].title == product.title

    @rule(generation_id=st.sampled_from(GENERATIONS), turn=st.integers(1, ONE_SWAP_IN))
    def activate(self, generation_id: str, turn: int) -> None:
        if turn == 1:
            assert activate(self.world.server, generation_id).generation.id == generation_id
            assert status(self.world.server).generation.id == generation_id

    @rule(turn=st.integers(1, ONE_SWAP_IN))
    def roll_back(self, turn: int) -> None:
        if turn > 1:
            return
        before = status(self.world.server).generation.id
        try:
            assert roll_back(self.world.server).generation.id != before
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:  # there was none before
                raise

    @rule(signal=st.sampled_from((SIGKILL, SIGTERM)), turn=st.integers(1, ONE_RESTART_IN))
    def restart(self, signal: Signals, turn: int) -> None:
        if turn == ONE_RESTART_IN // 2:  # in the midst, since hypothesis likes the ends
            self.world.restart(signal)

    @invariant()
    def every_product_is_as_it_was_acknowledged(self) -> None:
        self.world.operations += 1
        for product_id in IDS:
            assert self.world.product(product_id) == self.shop.now.get(product_id), product_id

    def _upsert(self, put: Sequence[product_pb2.Product]) -> catalog.UpsertProductsResponse:
        self.world.request_ids += 1
        self.last = catalog.UpsertProductsRequest(
            upserts=[{"product": product} for product in put], request_id=f"r-{self.world.request_ids}"
        )
        answer: catalog.UpsertProductsResponse = self.world.server.catalog.UpsertProducts(
            self.last, timeout=WAIT
        )
        return answer

    def _delete(self, gone: Sequence[str]) -> catalog.DeleteProductsResponse:
        answer: catalog.DeleteProductsResponse = self.world.server.catalog.DeleteProducts(
            catalog.DeleteProductsRequest(product_ids=gone), timeout=WAIT
        )
        return answer


def test_a_server_says_what_a_dictionary_would(world: World, report: Report) -> None:
    run_state_machine_as_test(
        lambda: ServedShop(world),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=-(-OPERATIONS // STEPS),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=OPERATIONS <= SHORT,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # a server that failed is no ground to shrink an example on
        ),
    )
    world.restart(SIGKILL)
    report(tried=world.operations, lost=0, deaths=world.deaths)
    assert world.operations >= OPERATIONS // 3
