"""Another system copies the change log of a real server: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from tests.integration.calls import activate, roll_back
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal

PRINTER = "OFF-0001"
AT_ONCE = 5.0
"""Seconds, on a busy machine, for what takes less than one."""


@dataclass
class Copy:
    """What a follower has: where it is in which log, and the products as the changes say that they are."""

    log_id: str = ""
    sequences: list[int] = field(default_factory=list)
    products: dict[str, product_pb2.Product] = field(default_factory=dict)
    embedded: dict[str, bool] = field(default_factory=dict)

    def follow(self, server: RealServer, upto: int) -> None:
        """Until it has the change `upto`; then the call is cancelled in the middle of whatever comes. Where
        there is no room, since the call before still ends, it comes again.
        """
        while len(self.sequences) < upto:
            call = self.call(server)
            try:
                while len(self.sequences) < upto:
                    self.take(next(call))
            except grpc.RpcError as error:
                if Refusal.of(error).code is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                time.sleep(0.02)
            finally:
                call.cancel()

    def call(self, server: RealServer) -> Any:
        request = catalog.WatchChangesRequest(
            after_sequence=self.sequences[-1] if self.sequences else 0,
            log_id=self.log_id,
            include_embeddings=True,
        )
        return server.catalog.WatchChanges(request, timeout=WAIT)

    def take(self, response: catalog.WatchChangesResponse) -> None:
        self.log_id = response.log_id or self.log_id
        for change in response.changes:
            self.sequences.append(change.sequence)
            self.embedded[change.product_id] = bool(change.embedding)
            if change.deleted:
                self.products.pop(change.product_id, None)
            else:
                self.products[change.product_id] = change.product


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, two_generations: TwoGenerations) -> Path:
    """A data folder of one's own, whose live changes no other test sees."""
    own = tmp_path_factory.mktemp("followed")
    (own / "generations").symlink_to(two_generations.data / "generations")
    (own / "current.json").write_bytes((two_generations.data / "current.json").read_bytes())
    return own


@pytest.fixture(scope="module")
def server(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """With room for two followers. The tests run in their order, over one log."""
    with real_server(data, tmp_path_factory.mktemp("server"), "--followers", "2") as running:
        yield running


def teapot(number: int) -> product_pb2.Product:
    return product_pb2.Product(id=f"TEA-{number}", title=f"Zanzibar teapot {number}", brand="Zanzibar")


def upsert(server: RealServer, *products: product_pb2.Product) -> int:
    """The sequence of the last change."""
    upserts = [catalog.ProductUpsert(product=each) for each in products]
    request = catalog.UpsertProductsRequest(upserts=upserts)
    answer: catalog.UpsertProductsResponse = server.catalog.UpsertProducts(request, timeout=WAIT)
    return answer.outcomes[-1].sequence


def reprice(server: RealServer, product_id: str, units: int) -> None:
    product = product_pb2.Product(id=product_id, price=product_pb2.Money(currency_code="EUR", units=units))
    patch = {"product": product, "update_mask": {"paths": ["price"]}}
    server.catalog.PatchProducts(catalog.PatchProductsRequest(patches=[patch]), timeout=WAIT)


def product_of(server: RealServer, product_id: str) -> product_pb2.Product:
    answer: catalog.GetProductResponse = server.catalog.GetProduct(
        catalog.GetProductRequest(product_id=product_id), timeout=WAIT
    )
    return answer.product


def end_of(call: Any) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        for _ in call:
            pass
    return Refusal.of(raised.value)


def test_a_follower_that_comes_before_the_first_change_gets_it(server: RealServer) -> None:
    copy = Copy()
    with ThreadPoolExecutor(1) as threads:
        following = threads.submit(copy.follow, server, 1)
        time.sleep(0.3)
        assert upsert(server, teapot(0)) == 1
        following.result(WAIT)

    assert (copy.sequences, copy.products) == ([1], {"TEA-0": product_of(server, "TEA-0")})
    assert copy.embedded == {"TEA-0": True}
    assert copy.log_id


def test_a_follower_has_every_change_once_while_others_write_and_generations_are_swapped(
    server: RealServer, two_generations: TwoGenerations
) -> None:
    """It hangs up and comes back all the time, from where it was."""
    copy, writers, rounds = Copy(), 3, 12
    count = 1 + 2 * writers * rounds

    def write(writer: int) -> None:
        for number in range(rounds):
            upsert(server, teapot(1 + writer))
            reprice(server, PRINTER if number % 2 else f"TEA-{1 + writer}", 10 * number + writer + 1)

    def follow() -> None:
        while len(copy.sequences) < count:
            copy.follow(server, min(count, len(copy.sequences) + 7))

    with ThreadPoolExecutor(writers + 1) as threads:
        following = threads.submit(follow)
        writing = [threads.submit(write, writer) for writer in range(writers)]
        activate(server, two_generations.small)
        roll_back(server)
        for each in (*writing, following):
            each.result(WAIT)

    assert copy.sequences == list(range(1, count + 1))
    assert set(copy.products) == {PRINTER, *(f"TEA-{number}" for number in range(writers + 1))}
    assert copy.products == {each: product_of(server, each) for each in copy.products}
    assert not copy.embedded[PRINTER]  # its text is as the generation has it


def test_one_follower_too_many_is_refused_and_searches_go_on(server: RealServer) -> None:
    time.sleep(0.5)  # for those that hung up
    calls = [Copy().call(server) for _ in range(2)]
    for call in calls:
        next(call)

    refusal = end_of(Copy().call(server))

    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert product_of(server, "TEA-0").title == "Zanzibar teapot 0"
    for call in calls:
        call.cancel()


def test_a_log_goes_on_after_a_kill_and_ends_its_followers_when_it_drains(
    server: RealServer, data: Path, tmp_path: Path
) -> None:
    """The last test of this server: it is killed."""
    copy = Copy()
    stop = threading.Event()
    acknowledged = []

    def write() -> None:
        while not stop.is_set():
            try:
                acknowledged.append(upsert(server, teapot(9)))
            except grpc.RpcError:
                return

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        while len(acknowledged) < 5:
            time.sleep(0.01)
        copy.follow(server, acknowledged[-1])
        server.process.kill()
        server.process.wait(WAIT)
        stop.set()
        writing.result(WAIT)
    had = len(copy.sequences)

    with real_server(data, tmp_path) as again:
        copy.follow(again, acknowledged[-1])
        assert copy.sequences[:had] == list(range(1, had + 1))
        open_call = copy.call(again)
        copy.take(next(open_call))
        last = upsert(again, teapot(10))  # by a writer that is opened only now
        while len(copy.sequences) < last:
            copy.take(next(open_call))
        refusal = end_of(
            again.catalog.WatchChanges(catalog.WatchChangesRequest(log_id="another"), timeout=WAIT)
        )
        start = time.monotonic()
        again.process.send_signal(signal.SIGTERM)
        end = end_of(open_call)
        took = time.monotonic() - start
        assert again.process.wait(WAIT) == 0

    assert copy.sequences == list(range(1, last + 1))
    assert last > acknowledged[-1]
    assert copy.products["TEA-10"].title == "Zanzibar teapot 10"
    assert (refusal.code, refusal.info.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "ANOTHER_CHANGE_LOG",
    )
    assert refusal.info.metadata["log_id"] == copy.log_id
    assert (end.code, end.info.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_SERVING")
    assert took < AT_ONCE
