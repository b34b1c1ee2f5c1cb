"""Calls of a real server."""

from __future__ import annotations

import grpc
import pytest

from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import search_service_pb2 as search
from tests.integration.real_server import WAIT, RealServer
from tests.rpc.running import Refusal

SMALL_QUERY = "black ink for printnova 2540"


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


def refusal_of(server: RealServer, request: search.SearchProductsRequest) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        ask(server, request)
    return Refusal.of(raised.value)
