"""Several catalogues in one server, over a real socket: who reaches which, and what is told of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.logs import configure_logs
from engine.rpc.security import Security
from engine.security.access import Access
from engine.security.audit import AuditLog
from engine.security.key_file import KeyRecord
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.reload import Reloaded
from engine.security.scopes import EVERY_SCOPE, SCOPE_OF
from engine.security.secret import NewKey, digest_of
from engine.security.tokens import Tokens
from engine.security.usage import Usage
from engine.types import Product, ProductId
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running
from tests.rpc.waiting import Waiting
from tests.signer import AUDIENCE, Signer

BENCH = Product(id=ProductId("p-1"), title="Garden bench")
DRESS = Product(id=ProductId("p-1"), title="Garden dress")
GARDENER, OPERATOR = NewKey.make(), NewKey.make()
SIGNER = Signer("ES256")
QUERY = search.SearchProductsRequest(query="garden")
HOSE = product_pb2.Product(id="p-2", title="Garden hose")
CALLS: dict[str, tuple[Callable[[Running], Any], Any]] = {
    "SearchProducts": (lambda server: server.search.SearchProducts, QUERY),
    "GetProduct": (lambda server: server.catalog.GetProduct, catalog.GetProductRequest(product_id="p-1")),
    "UpsertProducts": (
        lambda server: server.catalog.UpsertProducts,
        catalog.UpsertProductsRequest(upserts=[catalog.ProductUpsert(product=HOSE)]),
    ),
    "DeleteProducts": (
        lambda server: server.catalog.DeleteProducts,
        catalog.DeleteProductsRequest(product_ids=["p-1"]),
    ),
    "ActivateGeneration": (
        lambda server: server.generations.ActivateGeneration,
        generation.ActivateGenerationRequest(generation_id="g-old"),
    ),
    "GetServingStatus": (
        lambda server: server.generations.GetServingStatus,
        generation.GetServingStatusRequest(),
    ),
}


@dataclass(frozen=True)
class Shops:
    running: Running
    garden: FakeEngine
    fashion: FakeEngine
    folder: Path
    log: io.StringIO

    def call(self, name: str, key: str, collection: str = "", **more: str) -> Any:
        method, request = CALLS[name]
        return method(self.running)(request, timeout=WAIT, metadata=sent(key, collection, **more))

    def refusal(self, name: str, key: str, collection: str = "", **more: str) -> Refusal:
        with pytest.raises(grpc.RpcError) as raised:
            self.call(name, key, collection, **more)
        return Refusal.of(raised.value)

    def watch(self, key: str, collection: str = "") -> catalog.WatchChangesResponse:
        call = self.running.catalog.WatchChanges(
            catalog.WatchChangesRequest(), timeout=WAIT, metadata=sent(key, collection)
        )
        first: catalog.WatchChangesResponse = next(call)
        call.cancel()
        return first

    def lines(self, event: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in found if line["event"] == event]

    def audited(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]

    def sample(self, name: str, **labels: str) -> float | None:
        return self.running.server.metrics.registry.get_sample_value(f"cartograph_{name}", labels)


def sent(key: str, collection: str = "", request_id: str = "") -> tuple[tuple[str, str], ...]:
    given = (("x-api-key", key), ("x-collection", collection), ("x-request-id", request_id))
    return tuple((name, value) for name, value in given if value)


def record(key: NewKey, name: str, *collections: str) -> KeyRecord:
    return KeyRecord(
        id=key.id,
        name=name,
        sha256=digest_of(key.text).hex(),
        scopes=EVERY_SCOPE,
        created=datetime.now(UTC),
        collections=frozenset(collections) or None,
    )


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[Shops]:
    log = io.StringIO()
    configure_logs("info", "json", log)
    keys = Keys.of([record(GARDENER, "gardener", "garden"), record(OPERATOR, "operator")])
    jwks = SIGNER.write_jwks(tmp_path / "jwks.json")
    tokens = Reloaded((), lambda: Tokens.read(jwks, AUDIENCE))
    access = Access(Reloaded((), lambda: keys), tokens, Limiter(Usage()))
    garden, fashion = FakeEngine(catalog=(BENCH,)), FakeEngine(catalog=(DRESS,))
    security = Security(access, audit=AuditLog(tmp_path / "audit.jsonl"))
    with running({"garden": garden, "fashion": fashion}, security=security) as server:
        yield Shops(server, garden, fashion, tmp_path, log)


def test_the_same_product_id_is_another_product_in_each(shops: Shops) -> None:
    found = {
        name: [shops.call(call, OPERATOR.text, name) for call in ("SearchProducts", "GetProduct")]
        for name in ("garden", "fashion")
    }

    titles = {name: (hits.results[0].product.title, got.product.title) for name, (hits, got) in found.items()}
    assert titles == {
        "garden": ("Garden bench", "Garden bench"),
        "fashion": ("Garden dress", "Garden dress"),
    }


def test_a_key_for_one_collection_need_not_name_it(shops: Shops) -> None:
    assert shops.call("SearchProducts", GARDENER.text).results[0].product.title == "Garden bench"
    assert len(shops.fashion.asked) == 0


def test_a_token_says_which_collections_it_opens(shops: Shops) -> None:
    token = SIGNER.token(scope="search", collections=["fashion"])
    bearer = (("authorization", f"Bearer {token}"),)

    answer = shops.running.search.SearchProducts(QUERY, timeout=WAIT, metadata=bearer)
    assert answer.results[0].product.title == "Garden dress"
    with pytest.raises(grpc.RpcError) as raised:
        shops.running.search.SearchProducts(
            QUERY, timeout=WAIT, metadata=(*bearer, ("x-collection", "garden"))
        )
    assert Refusal.of(raised.value).info.reason == "COLLECTION_DENIED"


def test_no_call_of_the_contract_reaches_another_tenants_collection_or_learns_whether_it_is_there(
    shops: Shops,
) -> None:
    def refused(method: str, collection: str) -> Refusal:
        call = shops.running.channel.unary_stream(method, bytes, bytes)
        with pytest.raises(grpc.RpcError) as raised:
            list(call(b"", timeout=WAIT, metadata=sent(GARDENER.text, collection)))
        return Refusal.of(raised.value)

    for method in SCOPE_OF:
        there, nowhere = refused(method, "fashion"), refused(method, "pets")
        assert (there.code, there.info.reason) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "COLLECTION_DENIED",
        ), method
        assert (there.message, there.info) == (nowhere.message, nowhere.info)


def test_a_write_to_one_is_not_seen_in_the_other_nor_by_its_followers(shops: Shops) -> None:
    shops.call("UpsertProducts", GARDENER.text)
    shops.call("DeleteProducts", OPERATOR.text, "garden")

    assert [product.id for product in shops.garden.catalog] == ["p-2"]
    assert shops.fashion.catalog == (DRESS,)
    assert len(shops.watch(GARDENER.text).changes) == 2
    assert shops.watch(OPERATOR.text, "fashion").changes == []
    with pytest.raises(grpc.RpcError) as raised:
        shops.watch(GARDENER.text, "fashion")
    assert Refusal.of(raised.value).info.reason == "COLLECTION_DENIED"


def test_a_generation_that_is_activated_in_one_leaves_the_other(shops: Shops) -> None:
    shops.call("ActivateGeneration", GARDENER.text)

    serving = {
        name: shops.call("GetServingStatus", OPERATOR.text, name).generation.id
        for name in ("garden", "fashion")
    }
    assert serving == {"garden": "g-old", "fashion": "g-new"}


def test_who_may_mean_several_has_to_name_one_that_is_there(shops: Shops) -> None:
    missing, unknown = (shops.refusal("SearchProducts", OPERATOR.text, each) for each in ("", "pets"))

    assert (missing.code, missing.info.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "COLLECTION_MISSING",
    )
    assert [violation.field for violation in missing.violations] == ["x-collection"]
    assert (unknown.code, unknown.info.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert dict(unknown.info.metadata) == {"resource": "collection", "name": "pets"}


def test_lines_of_the_log_and_of_the_audit_name_the_collection(shops: Shops) -> None:
    shops.call("ActivateGeneration", GARDENER.text, request_id="r-1")
    shops.refusal("ActivateGeneration", GARDENER.text, "fashion", request_id="r-2")
    shops.refusal("SearchProducts", GARDENER.text, "fashion", request_id="r-3")

    told = {line["request_id"]: line["collection"] for line in shops.lines("call refused")}
    assert told == {"r-2": "fashion", "r-3": "fashion"}
    assert {line["collection"] for line in shops.lines("call") + shops.lines("generation activated")} == {
        "garden"
    }
    assert [
        (line["caller"], line["collection"], line["outcome"], line["reason"]) for line in shops.audited()
    ] == [
        ("gardener", "garden", "OK", ""),
        ("gardener", "fashion", "PERMISSION_DENIED", "COLLECTION_DENIED"),
    ]


def test_metrics_are_told_apart_by_collection_and_never_by_what_callers_send(shops: Shops) -> None:
    for _ in range(2):
        shops.call("SearchProducts", GARDENER.text)
    shops.call("SearchProducts", OPERATOR.text, "fashion")
    shops.call("DeleteProducts", OPERATOR.text, "fashion")
    for asked in ("fashion", "pets"):
        shops.refusal("SearchProducts", GARDENER.text, asked)

    searches = {"method": "SearchProducts", "code": "OK"}
    assert shops.sample("calls_total", **searches, collection="garden") == 2
    assert shops.sample("calls_total", **searches, collection="fashion") == 1
    assert shops.sample("call_seconds_count", method="SearchProducts", collection="garden") == 2
    assert shops.sample("live_changes_total", collection="garden") == 0
    assert shops.sample("live_changes_total", collection="fashion") == 1
    assert shops.sample("live_sequence", collection="fashion") == 1
    assert shops.sample("serving_products", collection="garden") == 2
    assert shops.sample("change_followers", collection="garden") == 0
    assert shops.sample("refused_calls_total", reason="COLLECTION_DENIED", collection="") == 2
    assert shops.sample("refused_calls_total", reason="COLLECTION_DENIED", collection="pets") is None


def test_what_keeps_one_collection_from_telling_how_it_is_keeps_no_other(shops: Shops) -> None:
    shops.garden.closed.set()

    assert shops.sample("serving_products", collection="garden") is None
    assert shops.sample("serving_products", collection="fashion") == 2


def test_a_flood_of_one_tenant_does_not_refuse_or_delay_another() -> None:
    waiting = Waiting()
    engines = {"garden": FakeEngine(before=waiting), "fashion": FakeEngine(catalog=(DRESS,))}
    with running(engines, workers=4, max_inflight=8) as server:

        def ask(collection: str) -> Any:
            return server.search.SearchProducts.future(QUERY, timeout=WAIT, metadata=sent("", collection))

        flood = [ask("garden") for _ in range(20)]
        waiting.wait_for_starts(2)  # its threads: half of the four
        answers = [ask("fashion").result(WAIT) for _ in range(5)]
        waiting.release.set()
        ends = [call.exception(WAIT) for call in flood]

    assert [answer.results[0].product.title for answer in answers] == ["Garden dress"] * 5
    refused = [Refusal.of(end) for end in ends if isinstance(end, grpc.RpcError)]
    assert len(refused) == 20 - 4  # half of the eight that the server takes
    assert {refusal.code for refusal in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert {refusal.info.metadata["max_inflight_per_collection"] for refusal in refused} == {"4"}
