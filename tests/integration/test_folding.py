"""A shop folds live changes into generations while it goes on changing: nothing is lost, nothing twice."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2, product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.backends.change_log import ChangeReader
from engine.generation import LIVE, MANIFEST, DataFolder, Generation
from index_builder.build import CACHE
from tests.integration.calls import activate, ask, ids, roll_back, status
from tests.integration.commands import Outcome, typed
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal
from tests.small_shop import SmallShop, active_generation, link_generation, rewrite

BRAND = "Quibble"
PRODUCTS = 12
PRINTER, GONE = "OFF-0001", "OFF-0002"
"""Of the catalogue that the shop began with: one gets another price again and again, one is deleted."""


def quibble(number: int, version: int) -> product_pb2.Product:
    return product_pb2.Product(
        id=f"Q-{number}",
        title=f"{BRAND} kettle {number} edition {version}",
        brand=BRAND,
        price=product_pb2.Money(currency_code="EUR", units=version + 1),
    )


@dataclass
class Writer:
    """Changes products of a server, and knows what was acknowledged: product ids with their price, None of
    one that is deleted.
    """

    server: RealServer
    expected: dict[str, int | None] = field(default_factory=dict)
    version: int = 0

    def write(self) -> None:
        """A product anew or deleted, and another price of the printer."""
        self.version += 1
        number, version = self.version % PRODUCTS, self.version
        if version % 5 == 4 and self.expected.get(f"Q-{number}") is not None:
            self.delete(f"Q-{number}")
        else:
            upsert = catalog.ProductUpsert(product=quibble(number, version))
            upserts = catalog.UpsertProductsRequest(upserts=[upsert])
            assert self.server.catalog.UpsertProducts(upserts, timeout=WAIT).outcomes[0].sequence
            self.expected[f"Q-{number}"] = version + 1
        price = product_pb2.Money(currency_code="EUR", units=version)
        patch = {
            "product": product_pb2.Product(id=PRINTER, price=price),
            "update_mask": {"paths": ["price"]},
        }
        patches = catalog.PatchProductsRequest(patches=[patch])
        assert self.server.catalog.PatchProducts(patches, timeout=WAIT).outcomes[0].sequence
        self.expected[PRINTER] = version

    def delete(self, product_id: str) -> None:
        request = catalog.DeleteProductsRequest(product_ids=[product_id])
        assert self.server.catalog.DeleteProducts(request, timeout=WAIT).outcomes[0].sequence
        self.expected[product_id] = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """On and on, beside what is done meanwhile."""
        done = threading.Event()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                while not done.wait(0.02):
                    self.write()
            except BaseException as error:  # told below, in the thread that looks
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(WAIT)
        assert failures == []

    def check(self, server: RealServer) -> None:
        """Every product is as it was acknowledged last, and is found once."""
        for product_id, price in self.expected.items():
            assert price_of(server, product_id) == price, product_id
        alive = sorted(each for each, price in self.expected.items() if price and each.startswith("Q-"))
        for filter_ in (f'brand = "{BRAND}"', f'brand = "{BRAND}" AND price > 0'):
            request = search.SearchProductsRequest(query=f"{BRAND} kettle", page_size=50, filter=filter_)
            answer = ask(server, request)
            assert sorted(ids(answer)) == alive
            assert {hit.product.id: hit.product.price.units for hit in answer.results} == {
                each: self.expected[each] for each in alive
            }


def price_of(server: RealServer, product_id: str) -> int | None:
    """None where there is no such product."""
    try:
        answer = server.catalog.GetProduct(catalog.GetProductRequest(product_id=product_id), timeout=WAIT)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise
    return int(answer.product.price.units)


@pytest.fixture
def data(tmp_path: Path, small_data: Path) -> Path:
    """Of the small shop, whose embeddings are known already."""
    own = tmp_path / "data"
    small = link_generation(active_generation(small_data), own)
    shutil.copytree(small_data / CACHE, own / CACHE)
    DataFolder(own).activate(small.id)
    return own


def build(data: Path, *flags: str) -> Outcome:
    fast = ("--no-graph-models", "--reranker-pairs", "100", "--threads", "2")
    return typed("index_builder", "build", "--out", str(data), *fast, *flags)


def active(data: Path) -> str:
    pointer = DataFolder(data).pointer()
    assert pointer is not None
    return pointer.active


def held(data: Path, generation_id: str) -> int:
    """The last live change that a generation holds."""
    return DataFolder(data).open_generation(generation_id, verify=False).manifest.folded.sequence


def forgotten(data: Path) -> int:
    reader = ChangeReader.open_to_read(data / LIVE)
    try:
        return reader.compacted
    finally:
        reader.close()


def until_forgotten(data: Path, sequence: int) -> None:
    end = time.monotonic() + WAIT
    while forgotten(data) != sequence:
        assert time.monotonic() < end, forgotten(data)
        time.sleep(0.05)


@pytest.mark.slow
def test_changes_are_folded_in_while_others_are_made(
    data: Path, tmp_path: Path, small_shop: SmallShop
) -> None:
    small = active(data)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with real_server(data, tmp_path / "first") as server:
        writer = Writer(server)
        for _ in range(10):
            writer.write()
        writer.delete(GONE)
        before = 10 * 2 + 1

        with writer.writing():
            outcome = build(data, "--from-live")
            assert outcome.code == 0, outcome.err
            second = active(data)
            assert activate(server, second).generation.live_sequence == held(data, second) >= before

        assert status(server).generation.id == second
        writer.check(server)
        assert forgotten(data) == 0  # the first generation would need all of them
        assert roll_back(server).generation.id == small
        writer.check(server)
        assert activate(server, second).generation.id == second
        writer.check(server)

        writer.write()
        outcome = build(data, "--from-live")
        assert outcome.code == 0, outcome.err
        assert small in outcome.out  # is removed, since two newer ones are there
        third = active(data)
        assert {info.id for info in DataFolder(data).list()} == {second, third}
        with writer.writing():
            activate(server, third)
            until_forgotten(data, held(data, second))

        writer.check(server)
        assert roll_back(server).generation.id == second
        writer.check(server)
        writer.write()
        server.process.kill()
        server.process.wait(WAIT)

    with real_server(data, tmp_path / "second") as server:
        assert status(server).generation.id == second
        writer.check(server)
        writer.server = server
        writer.write()
        activate(server, third)
        writer.check(server)

    stale = build(data, "--catalog", str(small_shop.catalog))
    assert f"the change log keeps only those after {held(data, second)}" in stale.sentence()
    assert f"--live-until {held(data, second)}" in stale.sentence()


def linked(
    whole: Generation,
    data: Path,
    name: str,
    *,
    minutes: int = 0,
    figures: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """A generation of the same files, made so many minutes later, with other figures of relevance."""
    generation = link_generation(whole, data, name=name)
    made = generation.manifest.created + timedelta(minutes=minutes)
    manifest = replace(generation.manifest, created=made, evaluation=figures)
    rewrite(generation.folder / MANIFEST, manifest.to_json().encode())


def test_generations_are_removed_under_a_running_server_but_for_those_it_needs(
    data: Path, tmp_path: Path, small_data: Path
) -> None:
    """It serves one that the pointer has left long ago, as after builds that nobody told it of."""
    small = active(data)
    whole = active_generation(small_data)
    for number in range(2, 6):
        linked(whole, data, f"g-{number}", minutes=number)
    with real_server(data, tmp_path) as server:
        for name in ("g-2", "g-3", "g-4"):
            DataFolder(data).activate(name)

        told = typed("index_builder", "prune", "--data", str(data), "--keep", "1", "--dry-run")
        pruned = typed("index_builder", "prune", "--data", str(data), "--keep", "1")

        assert (told.code, pruned.code) == (0, 0), told.err + pruned.err
        assert f"{small} stays: a server has opened it" in pruned.out.splitlines()
        left = {info.id for info in DataFolder(data).list()}
        assert {small, "g-3", "g-4"} <= left
        assert [line.replace(" would be", "") for line in told.out.splitlines()] == pruned.out.splitlines()
        writer = Writer(server)
        writer.write()  # needs the files of its generation
        writer.check(server)

        activate(server, "g-4")
        again = typed("index_builder", "prune", "--data", str(data), "--keep", "1")
        assert f"{small} removed" in again.out
        writer.check(server)
        assert roll_back(server).generation.id == "g-3"
        with pytest.raises(grpc.RpcError) as raised:
            roll_back(server)
        assert raised.value.details() == (
            "Generation g-2, which was active before, is not there any more: it was pruned. Activate one of "
            "those that ListGenerations names."
        )


def test_a_generation_that_ranks_worse_is_not_activated_unless_it_is_forced(
    data: Path, tmp_path: Path, small_data: Path
) -> None:
    whole = active_generation(small_data)
    for name, figures in {
        "g-good": {"ndcg@10": 0.8, "recall@100": 0.9},
        "g-worse": {"ndcg@10": 0.7, "recall@100": 0.9},
        "g-unmeasured": {},
    }.items():
        linked(whole, data, name, figures=figures)
    DataFolder(data).activate("g-good")
    with real_server(data, tmp_path, "--min-relevance-ratio", "0.9") as server:
        for name, told in {
            "g-worse": "has ndcg@10 0.7000, less than 0.9 of the 0.8000 of g-good",
            "g-unmeasured": "was built without judgements",
        }.items():
            with pytest.raises(grpc.RpcError) as raised:
                activate(server, name)
            refusal = Refusal.of(raised.value)
            assert (refusal.code, refusal.info.reason) == (
                grpc.StatusCode.FAILED_PRECONDITION,
                "RELEVANCE_GATE",
            )
            assert told in refusal.message
            assert status(server).generation.id == "g-good"

        forced = generation_service_pb2.ActivateGenerationRequest(generation_id="g-unmeasured", force=True)
        server.generations.ActivateGeneration(forced, timeout=WAIT)
        assert status(server).generation.id == "g-unmeasured"
        activate(server, "g-worse")  # nothing to compare with, which is told
        assert "relevance not compared" in server.log.read_text()
