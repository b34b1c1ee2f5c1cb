"""A real server process over real gRPC: every method, and a clean end."""

from __future__ import annotations

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.backends.catalog import Catalog
from engine.backends.vector_index import FaissVectorIndex
from engine.generation import DataFolder
from tests.conftest import Sample
from tests.integration.calls import ask, ids, status
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal
from tests.small_shop import SmallShop


def test_a_search_answers_with_scores_explanations_facets_and_timings(server: RealServer) -> None:
    answer = ask(
        server,
        search.SearchProductsRequest(
            query="esspresso machine",
            page_size=5,
            explain=True,
            facet_keys=["brand"],
            filter="price < 300",
            skip_cache=True,
        ),
    )

    assert len(answer.results) == 5
    assert [result.rank for result in answer.results] == [1, 2, 3, 4, 5]
    assert answer.expansion_info.searched_text == "espresso machine"
    for result in answer.results:
        assert sum(part.value for part in result.explanation.parts) == pytest.approx(result.score, abs=1e-6)
        assert result.product.price.units < 300
    assert {timing.stage for timing in answer.stage_timings} >= {"understand", "encode", "rerank", "explain"}
    assert [facet.key for facet in answer.facets] == ["brand"]
    assert answer.next_page_token


def test_pages_joined_over_grpc_are_the_one_big_page(server: RealServer) -> None:
    request = search.SearchProductsRequest(query="velvet sofa", page_size=100, filter="price < 40")
    whole, page = ask(server, request), search.SearchProductsResponse(next_page_token="")
    joined: list[str] = []
    request.page_size = 30
    while page.next_page_token or not joined:
        request.page_token = page.next_page_token
        page = ask(server, request)
        joined += ids(page)

    assert joined[:100] == ids(whole)
    assert len(joined) == len(set(joined)) == whole.total_size


def test_a_batch_answers_as_its_searches_do_alone(server: RealServer, sample: Sample) -> None:
    queries = (sample.queries[:20] * 5)[:100]
    reads = search.RerankSpec(depth=5)
    requests = [
        search.SearchProductsRequest(query=query, page_size=5, rerank_spec=reads) for query in queries
    ]

    batch = server.search.BatchSearchProducts(
        search.BatchSearchProductsRequest(requests=requests), timeout=WAIT
    )

    alone = {query: ids(ask(server, request)) for query, request in zip(queries, requests, strict=False)}
    assert [ids(answer) for answer in batch.responses] == [alone[query] for query in queries]


def test_a_products_own_embedding_finds_it_first_among_what_passes_the_filter(
    server: RealServer, two_generations: TwoGenerations
) -> None:
    folder = DataFolder.open(two_generations.data).open_generation(two_generations.sample)
    vectors = FaissVectorIndex.open(folder.part("vectors"), device="cpu")
    row = Catalog.open(folder.part("catalog")).row_of("OFF-0004")
    assert row is not None
    request = search.SearchByVectorRequest(
        vector=3 * vectors.vectors(np.array([row]))[0], page_size=5, view=product_pb2.PRODUCT_VIEW_ID
    )

    found = server.search.SearchByVector(request, timeout=WAIT)
    request.filter = "price < 14"
    cheaper = server.search.SearchByVector(request, timeout=WAIT)

    assert (found.results[0].product.id, found.results[0].rank) == ("OFF-0004", 1)
    assert found.results[0].score == pytest.approx(1.0, abs=1e-4)
    assert found.results[0].product.title == ""
    assert len(cheaper.results) == 5
    assert "OFF-0004" not in {result.product.id for result in cheaper.results}
    with pytest.raises(grpc.RpcError) as raised:
        server.search.SearchByVector(search.SearchByVectorRequest(vector=[1.0]), timeout=WAIT)
    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in refusal.violations] == ["vector"]


def test_suggestions_begin_like_the_prefix_the_most_asked_first(server: RealServer) -> None:
    answer = server.search.SuggestQueries(
        search.SuggestQueriesRequest(prefix="Bullet j", page_size=3), timeout=WAIT
    )

    assert [(found.query, found.past_count) for found in answer.suggestions] == [("bullet journal a5", 212)]


def test_products_are_read_by_id_as_they_are_in_the_catalogue(server: RealServer) -> None:
    product = server.catalog.GetProduct(
        catalog.GetProductRequest(product_id="OFF-0004"), timeout=WAIT
    ).product
    batch = server.catalog.BatchGetProducts(
        catalog.BatchGetProductsRequest(
            product_ids=["OFF-0030", "OFF-0004"], view=product_pb2.PRODUCT_VIEW_BASIC
        ),
        timeout=WAIT,
    )

    assert product.title == "PN-25 Black Ink Cartridge"
    assert (product.price.units, product.price.nanos) == (14, 500_000_000)
    assert product.attributes["page_yield"].number == 190
    assert list(product.attributes["compatibility"].texts.values) == ["PrintNova 2540", "PrintNova 2545"]
    assert [(one.id, bool(one.description)) for one in batch.products] == [
        ("OFF-0030", False),
        ("OFF-0004", False),
    ]


def test_generations_are_listed_and_the_status_names_the_active_one(
    server: RealServer, two_generations: TwoGenerations, sample: Sample, small_shop: SmallShop
) -> None:
    listed = server.generations.ListGenerations(generation.ListGenerationsRequest(), timeout=WAIT).generations
    serving = status(server)

    assert {(one.id, one.active, one.product_count) for one in listed} == {
        (two_generations.sample, True, len(sample.product_ids)),
        (two_generations.small, False, len(small_shop.product_ids)),
    }
    assert serving.generation.id == two_generations.sample
    assert serving.generation.dimension == 384
    assert serving.device in ("cpu", "cuda")


def test_a_client_made_from_reflection_alone_can_search(server: RealServer) -> None:
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(server.channel))
    method = pool.FindServiceByName("cartograph.v1.SearchService").FindMethodByName("SearchProducts")
    request = GetMessageClass(method.input_type)()
    request.query = "couch"  # type: ignore[attr-defined]  # known to the server alone
    call = server.channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )

    answer = call(request, timeout=WAIT)

    assert len(answer.results) == 20


def code_of(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call)
    return str(error.code().name)


def test_sigterm_finishes_what_was_accepted_and_exits_0(
    tmp_path: Path, two_generations: TwoGenerations
) -> None:
    """Every call gets its answer, or is refused in a way that tells the client to try elsewhere."""
    outcomes: list[str] = []

    def caller(server: RealServer) -> None:
        while True:
            try:
                ask(server, search.SearchProductsRequest(query="sofa", page_size=3))
                outcomes.append("answered")
            except grpc.RpcError as error:
                outcomes.append(code_of(error))
                return

    with real_server(two_generations.data, tmp_path, "--drain-grace", "0.3") as server:
        with ThreadPoolExecutor(4) as threads:
            callers = [threads.submit(caller, server) for _ in range(4)]
            while len(outcomes) < 8:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGTERM)
            for each in callers:
                each.result()
        code = server.process.wait(WAIT)
        events = [json.loads(line) for line in server.log.read_text().splitlines()]

    assert code == 0
    assert set(outcomes) == {"answered", "UNAVAILABLE"}
    assert events[-1]["event"] == "stopped"
    assert not [event for event in events if event["level"] in ("error", "critical")]
