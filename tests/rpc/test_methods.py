from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

import engine as engine_package
from cartograph.v1 import (
    catalog_service_pb2 as catalog,
)
from cartograph.v1 import (
    generation_service_pb2 as generation,
)
from cartograph.v1 import (
    product_pb2,
)
from cartograph.v1 import (
    search_service_pb2 as search,
)
from tests.rpc.fake_engine import CARTRIDGE, CHAIR, FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(FakeEngine()) as started:
        yield started


def test_search_products_answers_with_the_page_and_what_ran(server: Running) -> None:
    answer = server.search.SearchProducts(
        search.SearchProductsRequest(query="black chair", facet_keys=["brand"]), timeout=WAIT
    )

    assert [(r.product.id, r.rank, r.score) for r in answer.results] == [("c-1", 1, 1.0), ("g-1", 2, 0.5)]
    assert answer.total_size == 2
    assert [facet.key for facet in answer.facets] == ["brand"]
    assert {t.stage: t.elapsed_duration.ToMilliseconds() for t in answer.stage_timings} == {
        "retrieve": 2,
        "rerank": 1_250,
    }
    assert answer.generation_id == "g-new"


def test_explanations_come_only_when_asked_for(server: Running) -> None:
    request = search.SearchProductsRequest(query="chair")
    assert not server.search.SearchProducts(request, timeout=WAIT).results[0].HasField("explanation")

    request.explain = True
    result = server.search.SearchProducts(request, timeout=WAIT).results[0]

    assert sum(part.value for part in result.explanation.parts) == pytest.approx(result.score, abs=1e-6)
    assert list(result.explanation.graph_paths) == ['"black" -> color Black <- product']


def test_no_hits_is_an_empty_list_and_no_error(server: Running) -> None:
    answer = server.search.SearchProducts(search.SearchProductsRequest(query="zzz"), timeout=WAIT)

    assert list(answer.results) == []
    assert answer.next_page_token == ""


@pytest.mark.parametrize(
    ("view", "description", "title"),
    [
        (product_pb2.PRODUCT_VIEW_UNSPECIFIED, "", CARTRIDGE.title),
        (product_pb2.PRODUCT_VIEW_FULL, CARTRIDGE.description, CARTRIDGE.title),
        (product_pb2.PRODUCT_VIEW_ID, "", ""),
    ],
)
def test_view_says_how_much_of_a_product_a_search_returns(
    server: Running, view: product_pb2.ProductView, description: str, title: str
) -> None:
    request = search.SearchProductsRequest(query="cartridge", view=view)

    product = server.search.SearchProducts(request, timeout=WAIT).results[0].product

    assert (product.id, product.title, product.description) == ("c-1", title, description)


def test_batch_answers_each_request_in_its_place(server: Running) -> None:
    requests = [
        search.SearchProductsRequest(query="chair", view=product_pb2.PRODUCT_VIEW_ID),
        search.SearchProductsRequest(query="cartridge"),
    ]

    answer = server.search.BatchSearchProducts(
        search.BatchSearchProductsRequest(requests=requests), timeout=WAIT
    )

    assert [response.results[0].product.id for response in answer.responses] == ["g-1", "c-1"]
    assert [response.results[0].product.title for response in answer.responses] == ["", CARTRIDGE.title]


def test_suggest_completes_what_was_typed(server: Running) -> None:
    answer = server.search.SuggestQueries(
        search.SuggestQueriesRequest(prefix="black", page_size=1), timeout=WAIT
    )

    assert [(s.query, s.past_count) for s in answer.suggestions] == [("black cartridge", 12)]
    assert answer.generation_id == "g-new"


def test_get_product_returns_everything_by_default(server: Running) -> None:
    answer = server.catalog.GetProduct(catalog.GetProductRequest(product_id="c-1"), timeout=WAIT)

    product = answer.product
    assert product.description == CARTRIDGE.description
    assert (product.price.units, product.price.nanos, product.price.currency_code) == (19, 990_000_000, "EUR")
    assert product.release_time.ToJsonString() == "2024-05-17T00:00:00Z"
    assert product.attributes["pages"].number == 400
    assert product.attributes["original"].boolean is True
    assert list(product.attributes["fits"].texts.values) == ["P100", "P200"]


def test_batch_get_keeps_the_order_of_the_ids(server: Running) -> None:
    answer = server.catalog.BatchGetProducts(
        catalog.BatchGetProductsRequest(product_ids=["g-1", "c-1"]), timeout=WAIT
    )

    assert [product.title for product in answer.products] == [CHAIR.title, CARTRIDGE.title]


def test_an_unknown_product_is_not_found(server: Running) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        server.catalog.BatchGetProducts(
            catalog.BatchGetProductsRequest(product_ids=["c-1", "nope"]), timeout=WAIT
        )

    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.NOT_FOUND
    assert dict(refusal.info.metadata) == {"resource": "product", "name": "nope"}


def test_generations_are_listed_page_by_page(server: Running) -> None:
    first = server.generations.ListGenerations(generation.ListGenerationsRequest(page_size=1), timeout=WAIT)
    second = server.generations.ListGenerations(
        generation.ListGenerationsRequest(page_token=first.next_page_token), timeout=WAIT
    )

    assert [g.id for g in first.generations] == ["g-new"]
    assert first.generations[0].evaluation == {"ndcg@10": 0.8}
    assert first.generations[0].live_sequence == 12
    assert [g.id for g in second.generations] == ["g-old"]
    assert second.next_page_token == ""


def test_activation_swaps_and_roll_back_undoes_it() -> None:
    with running(FakeEngine(previous=[])) as server:
        activated = server.generations.ActivateGeneration(
            generation.ActivateGenerationRequest(generation_id="g-old"), timeout=WAIT
        )
        rolled_back = server.generations.RollBackGeneration(
            generation.RollBackGenerationRequest(), timeout=WAIT
        )
        with pytest.raises(grpc.RpcError) as raised:
            server.generations.RollBackGeneration(generation.RollBackGenerationRequest(), timeout=WAIT)

    assert (activated.generation.id, activated.generation.active) == ("g-old", True)
    assert (rolled_back.generation.id, rolled_back.generation.active) == ("g-new", True)
    assert Refusal.of(raised.value).code is grpc.StatusCode.FAILED_PRECONDITION


def test_a_generation_that_the_gate_refuses_is_activated_by_force() -> None:
    with running(FakeEngine(gated=True)) as server:
        with pytest.raises(grpc.RpcError) as raised:
            server.generations.ActivateGeneration(
                generation.ActivateGenerationRequest(generation_id="g-old"), timeout=WAIT
            )
        activated = server.generations.ActivateGeneration(
            generation.ActivateGenerationRequest(generation_id="g-old", force=True), timeout=WAIT
        )

    refusal = Refusal.of(raised.value)
    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RELEVANCE_GATE")
    assert activated.generation.id == "g-old"


def test_serving_status_names_generation_device_and_version() -> None:
    with running(FakeEngine()) as server:
        status = server.generations.GetServingStatus(generation.GetServingStatusRequest(), timeout=WAIT)

    assert status.generation.id == "g-new"
    assert status.serving_since_time.ToJsonString() == "2026-02-02T12:00:00Z"
    assert (status.device, status.engine_version) == ("cpu", engine_package.__version__)
    assert status.inflight_count == 1  # this call itself
