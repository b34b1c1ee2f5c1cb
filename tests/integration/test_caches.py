"""What a server remembers of searches, over gRPC."""

from __future__ import annotations

import pytest

from cartograph.v1 import search_service_pb2 as search
from tests.integration.calls import activate, ask, ids, roll_back
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import RealServer

QUERY = "quiet garden chair for two"  # asked by no other test


def test_the_same_question_is_answered_from_memory_and_alike(server: RealServer) -> None:
    request = search.SearchProductsRequest(query=QUERY, page_size=5, explain=True, facet_keys=["brand"])
    first, second = ask(server, request), ask(server, request)

    assert (first.cached, second.cached) == (False, True)
    assert len(first.stage_timings) > 3
    assert not second.stage_timings
    first.ClearField("stage_timings")
    second.ClearField("cached")
    assert first == second


def test_pages_go_on_whatever_the_spelling(server: RealServer) -> None:
    spelled = [search.SearchProductsRequest(query=query, page_size=3) for query in (QUERY, QUERY.upper())]
    first = [ask(server, request) for request in spelled]
    assert first[1].cached

    for request, page in zip(reversed(spelled), first, strict=True):
        request.page_token = page.next_page_token
        assert not set(ids(ask(server, request))) & set(ids(first[0]))


def test_a_caller_may_skip_what_is_kept(server: RealServer) -> None:
    request = search.SearchProductsRequest(query=QUERY, page_size=4)
    kept = ask(server, request)
    request.skip_cache = True
    anew = ask(server, request)

    assert not anew.cached
    assert {timing.stage for timing in anew.stage_timings} >= {"encode", "retrieve", "rerank"}
    assert ids(anew) == ids(kept)


def test_another_filter_needs_no_embedding_anew(server: RealServer) -> None:
    ask(server, search.SearchProductsRequest(query=QUERY))
    filtered = ask(server, search.SearchProductsRequest(query=QUERY, filter="price < 100"))

    stages = {timing.stage for timing in filtered.stage_timings}
    assert not filtered.cached
    assert "retrieve" in stages
    assert "encode" not in stages


@pytest.mark.parametrize("skip", [False, True])
def test_nothing_of_another_generation_is_answered(
    server: RealServer, two_generations: TwoGenerations, skip: bool
) -> None:
    request = search.SearchProductsRequest(query=QUERY, skip_cache=skip)
    assert ask(server, request).generation_id == two_generations.sample
    activate(server, two_generations.small)
    try:
        answer = ask(server, request)
        assert (answer.generation_id, answer.cached) == (two_generations.small, False)
    finally:
        roll_back(server)
    assert ask(server, request).generation_id == two_generations.sample
