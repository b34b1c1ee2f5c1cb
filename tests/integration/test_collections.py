"""Two catalogues in one real server, secured as docs/operations.md says; its commands are run here."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.generation import DataFolder
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import WAIT
from tests.integration.test_operations_page import commands_of, for_the_page, run_all, serving
from tests.rpc.running import Refusal
from tests.small_shop import active_generation, link_generation
from tests.stubs import Stubs

TEA = "TEA-1"


@dataclass(frozen=True)
class Shops(Stubs):
    """A server of `garden` (the small shop, and the sample's generation beside it) and `fashion` (the small
    shop); keys by the names of their files.
    """

    channel: grpc.Channel
    folder: Path
    variables: dict[str, str]
    data: TwoGenerations
    asking: list[str]

    def sent(self, key: str, collection: str) -> tuple[tuple[str, str], ...]:
        text = (self.folder / f"{key}.key").read_text().strip()
        return (("x-api-key", text), *((("x-collection", collection),) if collection else ()))

    def upsert(self, title: str, key: str, collection: str = "") -> None:
        product = product_pb2.Product(id=TEA, title=title)
        request = catalog.UpsertProductsRequest(upserts=[catalog.ProductUpsert(product=product)])
        (outcome,) = self.catalog.UpsertProducts(
            request, timeout=WAIT, metadata=self.sent(key, collection)
        ).outcomes
        assert outcome.sequence == 1

    def titles(self, query: str, collection: str) -> list[str]:
        answer = self.search.SearchProducts(
            search.SearchProductsRequest(query=query, page_size=100),
            timeout=WAIT,
            metadata=self.sent("operator", collection),
        )
        return [result.product.title for result in answer.results]

    def serves(self, collection: str) -> str:
        answer = self.generations.GetServingStatus(
            generation.GetServingStatusRequest(), timeout=WAIT, metadata=self.sent("operator", collection)
        )
        return str(answer.generation.id)

    def lines(self, event: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        return [line for line in found if line["event"] == event]

    def refused_line(self, request_id: str) -> dict[str, Any]:
        """Lines are written in bundles, soon."""
        until = time.monotonic() + WAIT
        while not (
            found := [line for line in self.lines("call refused") if line["request_id"] == request_id]
        ):
            assert time.monotonic() < until
            time.sleep(0.02)
        return found[0]


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory, sample_data: Path, small_data: Path) -> Iterator[Shops]:
    folder, variables = tmp_path_factory.mktemp("shops"), for_the_page()
    data = TwoGenerations.link(folder / "garden", sample_data, small_data)
    DataFolder(data.data).activate(data.small)
    fashion = link_generation(active_generation(small_data), folder / "fashion")
    DataFolder(folder / "fashion").activate(fashion.id)
    *keys, serve, first, second = commands_of("Several catalogues in one server")
    run_all(keys, folder, variables)
    with (
        serving(serve, folder, variables),
        grpc.insecure_channel(variables["CARTOGRAPH_TARGET"]) as channel,
    ):
        yield Shops(channel, folder, variables, data, [first, second])


def test_the_page_s_searches_are_answered(shops: Shops) -> None:
    assert all(" search " in command for command in shops.asking)
    run_all(shops.asking, shops.folder, shops.variables)


def test_what_is_written_to_one_is_found_there_alone_be_the_id_the_same(shops: Shops) -> None:
    shops.upsert("Zanzibar teapot", "garden")
    shops.upsert("Quibble tea dress", "operator", "fashion")

    assert "Zanzibar teapot" in shops.titles("zanzibar teapot", "garden")
    assert "Zanzibar teapot" not in shops.titles("zanzibar teapot", "fashion")
    assert "Quibble tea dress" in shops.titles("quibble tea dress", "fashion")
    assert "Quibble tea dress" not in shops.titles("quibble tea dress", "garden")


def test_a_key_of_one_changes_nothing_in_the_other_and_that_it_tried_is_written_down(shops: Shops) -> None:
    metadata = (*shops.sent("garden", "fashion"), ("x-request-id", "intruder-1"))

    with pytest.raises(grpc.RpcError) as raised:
        shops.catalog.DeleteProducts(
            catalog.DeleteProductsRequest(product_ids=["OFF-0001"]), timeout=WAIT, metadata=metadata
        )

    assert Refusal.of(raised.value).info.reason == "COLLECTION_DENIED"
    line = shops.refused_line("intruder-1")
    assert (line["caller"], line["collection"]) == ("garden-shop", "fashion")
    audit = [json.loads(text) for text in (shops.folder / "audit.jsonl").read_text().splitlines()]
    (entry,) = (entry for entry in audit if entry["request_id"] == "intruder-1")
    assert (entry["collection"], entry["outcome"]) == ("fashion", "PERMISSION_DENIED")


def test_a_generation_that_is_activated_in_one_leaves_the_other(shops: Shops) -> None:
    before = shops.serves("fashion")

    shops.generations.ActivateGeneration(
        generation.ActivateGenerationRequest(generation_id=shops.data.sample),
        timeout=WAIT,
        metadata=shops.sent("operator", "garden"),
    )

    assert (shops.serves("garden"), shops.serves("fashion")) == (shops.data.sample, before)


def test_the_metrics_tell_the_collections_apart(shops: Shops) -> None:
    port = shops.lines("listening")[0]["metrics_port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT) as page:
        text = page.read().decode()

    for name in ("garden", "fashion"):
        assert f'cartograph_serving_products{{collection="{name}"}}' in text
        assert f'cartograph_live_slots_limit{{collection="{name}"}} 100000.0' in text
