"""Generations are swapped to and fro under a real server: no call fails, nothing is mixed."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import search_service_pb2 as search
from engine.bootstrap import open_engine
from engine.config import ServeSettings
from tests.integration.calls import SMALL_QUERY, activate, ask, ids, refusal_of, roll_back, status
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import RealServer
from tests.integration.test_live_changes import own_data
from tests.rpc.running import Refusal
from tests.small_shop import SmallShop

THREADS, SEARCHES = 8, 200


@pytest.fixture
def swapped_back(server: RealServer, two_generations: TwoGenerations) -> Iterator[None]:
    """Rolling back forgets what was rolled back from: afterwards there is no earlier generation again."""
    yield
    while status(server).generation.id != two_generations.sample:
        roll_back(server)


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


def test_a_generation_that_was_swapped_out_is_freed_without_the_collector(
    tmp_path: Path, two_generations: TwoGenerations
) -> None:
    """What is loaded is never looked at by the collector, so that a circle in it would stay for ever."""
    own = own_data(tmp_path, two_generations)
    engine = open_engine(own, ServeSettings(data=own, threads=2, verify=False))
    live = engine._current().opened.live
    left = [weakref.ref(each) for each in (live, live.state, engine._current().opened.view.catalog)]
    del live
    gc.disable()
    try:
        engine.activate(two_generations.small)
        assert [each() for each in left] == [None] * len(left)
    finally:
        gc.enable()
        engine.close()
        gc.unfreeze()
