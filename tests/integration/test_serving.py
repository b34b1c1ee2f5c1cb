"""A real server process over real gRPC: every method, every refusal, swaps under load, a clean end."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from tests.conftest import Sample
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal
from tests.small_shop import SmallShop

SMALL_QUERY = "black ink for printnova 2540"
THREADS, SEARCHES = 8, 200
FOREIGN_TOKEN = base64.urlsafe_b64encode(b"made by another shop").decode()


@pytest.fixture
def swapped_back(server: RealServer, two_generations: TwoGenerations) -> Iterator[None]:
    """Rolling back forgets what was rolled back from: afterwards there is no earlier generation again."""
    yield
    while status(server).generation.id != two_generations.sample:
        roll_back(server)


def status(server: RealServer) -> generation.GetServingStatusResponse:
    answer: generation.GetServingStatusResponse = server.generations.GetServingStatus(
        generation.GetServingStatusRequest(), timeout=WAIT
    )
    return answer


def activate(server: RealServer, generation_id: str) -> generation.ActivateGenerationResponse:
    answer: generation.ActivateGenerationResponse = server.generations.ActivateGeneration(
        generation.ActivateGenerationRequest(generation_id=generation_id), timeout=WAIT
    )
    return answer


def roll_back(server: RealServer) -> generation.RollBackGenerationResponse:
    answer: generation.RollBackGenerationResponse = server.generations.RollBackGeneration(
        generation.RollBackGenerationRequest(), timeout=WAIT
    )
    return answer


def ask(server: RealServer, request: search.SearchProductsRequest) -> search.SearchProductsResponse:
    answer: search.SearchProductsResponse = server.search.SearchProducts(request, timeout=WAIT)
    return answer


def ids(answer: search.SearchProductsResponse) -> list[str]:
    return [result.product.id for result in answer.results]


def test_a_search_answers_with_scores_explanations_facets_and_timings(server: RealServer) -> None:
    answer = ask(
        server,
        search.SearchProductsRequest(
            query="esspresso machine", page_size=5, explain=True, facet_keys=["brand"], filter="price < 300"
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


def test_a_batch_of_101_is_refused(server: RealServer) -> None:
    requests = [search.SearchProductsRequest(query="sofa")] * 101

    with pytest.raises(grpc.RpcError) as raised:
        server.search.BatchSearchProducts(search.BatchSearchProductsRequest(requests=requests), timeout=WAIT)

    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in refusal.violations] == ["requests"]


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


@pytest.mark.usefixtures("swapped_back")
def test_swaps_under_load_fail_no_call_and_mix_no_generations(
    server: RealServer, two_generations: TwoGenerations, small_shop: SmallShop
) -> None:
    """Eight callers search on while the generations are swapped to and fro, twice at least."""
    swaps = 0
    done = threading.Event()

    def swap() -> None:
        nonlocal swaps
        while swaps < 2 or not done.is_set():
            assert activate(server, two_generations.small).generation.id == two_generations.small
            assert roll_back(server).generation.id == two_generations.sample
            swaps += 2

    def caller(number: int) -> list[search.SearchProductsResponse]:
        rerank = search.RerankSpec(depth=5) if number % 2 else search.RerankSpec(mode="MODE_DISABLED")
        request = search.SearchProductsRequest(query=SMALL_QUERY, page_size=10, rerank_spec=rerank)
        answers: list[search.SearchProductsResponse] = []
        while len(answers) < SEARCHES // THREADS or not swaps:
            answers.append(ask(server, request))
        return answers

    with ThreadPoolExecutor(THREADS + 1) as threads:
        swapping: Future[None] = threads.submit(swap)
        try:
            per_caller = list(threads.map(caller, range(THREADS)))
        finally:
            done.set()
        swapping.result()

    answers = [answer for each in per_caller for answer in each]
    assert len(answers) >= SEARCHES
    assert Counter(answer.generation_id for answer in answers).keys() == {
        two_generations.sample,
        two_generations.small,
    }
    for answer in answers:
        if answer.generation_id == two_generations.small:
            assert set(ids(answer)) <= small_shop.product_ids
            assert answer.total_size == len(small_shop.product_ids)
        else:
            assert answer.total_size > len(small_shop.product_ids)


@pytest.mark.usefixtures("swapped_back")
def test_a_page_token_does_not_outlive_its_generation(
    server: RealServer, two_generations: TwoGenerations
) -> None:
    request = search.SearchProductsRequest(query=SMALL_QUERY, page_size=5)
    request.page_token = ask(server, request).next_page_token
    activate(server, two_generations.small)

    refusal = refusal_of(server, request)

    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STALE_PAGE_TOKEN")
    assert dict(refusal.info.metadata) == {
        "token_generation": two_generations.sample,
        "serving_generation": two_generations.small,
    }


def test_rolling_back_past_the_first_generation_is_refused(server: RealServer) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        roll_back(server)

    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refusal.message == "There is no earlier generation to roll back to."


def refusal_of(server: RealServer, request: search.SearchProductsRequest) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        ask(server, request)
    return Refusal.of(raised.value)


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (search.SearchProductsRequest(query=" \t"), "INVALID_ARGUMENT", "query"),
        (search.SearchProductsRequest(query="x" * 10_000), "INVALID_ARGUMENT", "query"),
        (search.SearchProductsRequest(query="sofa", filter='colour = "red"'), "UNKNOWN_FIELD", "filter"),
        (search.SearchProductsRequest(query="sofa", filter="price < "), "FILTER_SYNTAX", "filter"),
        (search.SearchProductsRequest(query="sofa", filter='price < "low"'), "INVALID_ARGUMENT", "filter"),
        (search.SearchProductsRequest(query="sofa", page_size=-1), "INVALID_ARGUMENT", "page_size"),
        (
            search.SearchProductsRequest(query="sofa", page_token=FOREIGN_TOKEN),
            "INVALID_ARGUMENT",
            "page_token",
        ),
        (search.SearchProductsRequest(query="sofa", order_by="beauty"), "UNKNOWN_FIELD", "order_by"),
        (search.SearchProductsRequest(query="sofa", facet_keys=["smell"]), "UNKNOWN_FIELD", "facet_keys"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_request_is_refused_naming_its_field(
    server: RealServer, request_: search.SearchProductsRequest, reason: str, field: str
) -> None:
    refusal = refusal_of(server, request_)

    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (refusal.info.reason, refusal.info.domain) == (reason, "cartograph")
    assert [violation.field for violation in refusal.violations] == [field]
    assert refusal.request_id


def test_a_filter_that_does_not_parse_points_at_the_place(server: RealServer) -> None:
    text = 'brand = "Clicko" AND AND price < 5'

    refusal = refusal_of(server, search.SearchProductsRequest(query="mouse", filter=text))

    assert refusal.info.metadata["position"] == str(text.index("AND price"))
    assert "AND ⟨here⟩AND price" in refusal.message


def test_a_page_token_of_another_request_is_refused(server: RealServer) -> None:
    token = ask(server, search.SearchProductsRequest(query="sofa", page_size=5)).next_page_token

    refusal = refusal_of(server, search.SearchProductsRequest(query="lamp", page_size=5, page_token=token))

    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in refusal.violations] == ["page_token"]


@pytest.mark.parametrize("generation_id", ["g0000000000000000", "../two", "."])
def test_an_unknown_generation_is_not_found(server: RealServer, generation_id: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        activate(server, generation_id)

    refusal = Refusal.of(raised.value)
    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert dict(refusal.info.metadata) == {"resource": "generation", "name": generation_id}


def test_an_unknown_product_is_not_found(server: RealServer) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        server.catalog.BatchGetProducts(
            catalog.BatchGetProductsRequest(product_ids=["OFF-0004", "NO-SUCH"]), timeout=WAIT
        )

    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.NOT_FOUND
    assert dict(refusal.info.metadata) == {"resource": "product", "name": "NO-SUCH"}


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
