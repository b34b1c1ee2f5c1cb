"""What a real server refuses, and how it says so."""

from __future__ import annotations

import base64

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import search_service_pb2 as search
from tests.integration.calls import activate, ask, refusal_of
from tests.integration.real_server import WAIT, RealServer
from tests.rpc.running import Refusal

FOREIGN_TOKEN = base64.urlsafe_b64encode(b"made by another shop").decode()


def test_a_batch_of_101_is_refused(server: RealServer) -> None:
    requests = [search.SearchProductsRequest(query="sofa")] * 101

    with pytest.raises(grpc.RpcError) as raised:
        server.search.BatchSearchProducts(search.BatchSearchProductsRequest(requests=requests), timeout=WAIT)

    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in refusal.violations] == ["requests"]


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
