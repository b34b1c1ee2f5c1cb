from __future__ import annotations

import urllib.request
from collections.abc import Iterator

import grpc
import pytest

from cartograph.v1 import search_service_pb2 as search
from engine.errors import ConfigError
from engine.metrics import Metrics, MetricsPage
from engine.rpc.server import Server
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Running, running


def samples(server: Server) -> dict[str, float]:
    """The page as Prometheus would read it: "name{labels}" to value."""
    page = MetricsPage.open(server.metrics, "127.0.0.1", 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{page.port}/metrics", timeout=WAIT) as response:
            text = response.read().decode()
    finally:
        page.close()
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


@pytest.fixture
def server() -> Iterator[Running]:
    with running(FakeEngine()) as started:
        yield started


def test_calls_are_counted_by_method_and_code(server: Running) -> None:
    for query, filter_ in (("chair", ""), ("cartridge", ""), ("chair", "(")):
        try:
            server.search.SearchProducts(
                search.SearchProductsRequest(query=query, filter=filter_), timeout=WAIT
            )
        except grpc.RpcError:
            assert filter_

    page = samples(server.server)

    assert page['cartograph_calls_total{code="OK",method="SearchProducts"}'] == 2
    assert page['cartograph_calls_total{code="INVALID_ARGUMENT",method="SearchProducts"}'] == 1
    assert page['cartograph_call_seconds_count{method="SearchProducts"}'] == 3


def test_stages_come_from_the_result(server: Running) -> None:
    server.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)

    page = samples(server.server)

    assert page['cartograph_stage_seconds_sum{stage="retrieve"}'] == 0.0025
    assert page['cartograph_stage_seconds_bucket{le="1.0",stage="rerank"}'] == 0  # it took 1.25 s
    assert page['cartograph_stage_seconds_bucket{le="2.5",stage="rerank"}'] == 1
    assert page['cartograph_degraded_stages_total{stage="rerank"}'] == 1


def test_a_batch_counts_the_stages_of_each_search(server: Running) -> None:
    requests = [search.SearchProductsRequest(query="chair")] * 3

    server.search.BatchSearchProducts(search.BatchSearchProductsRequest(requests=requests), timeout=WAIT)

    assert samples(server.server)['cartograph_stage_seconds_count{stage="retrieve"}'] == 3


def test_lookups_are_counted_by_cache_and_outcome() -> None:
    metrics = Metrics()
    for outcome in ("miss", "hit", "hit"):
        metrics.cache_looked_up("results", outcome)

    value = metrics.registry.get_sample_value
    assert value("cartograph_cache_lookups_total", {"cache": "results", "outcome": "hit"}) == 2
    assert value("cartograph_cache_lookups_total", {"cache": "results", "outcome": "miss"}) == 1


def test_model_batches_are_measured_by_size_and_time() -> None:
    metrics = Metrics()
    for size in (1, 3, 8):
        metrics.batch_finished("encoder", size, 0.004)

    value = metrics.registry.get_sample_value
    assert value("cartograph_batch_size_sum", {"model": "encoder"}) == 1 + 3 + 8
    assert value("cartograph_batch_size_bucket", {"model": "encoder", "le": "4.0"}) == 2
    assert value("cartograph_batch_seconds_count", {"model": "encoder"}) == 3


def test_refused_calls_are_counted_by_reason() -> None:
    with running(None) as server:
        with pytest.raises(grpc.RpcError):
            server.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)
        page = samples(server.server)

    assert page['cartograph_refused_calls_total{reason="NOT_SERVING"}'] == 1
    assert page['cartograph_calls_total{code="UNAVAILABLE",method="SearchProducts"}'] == 1


def test_the_serving_generation_is_named_and_follows_an_activation() -> None:
    engine = FakeEngine()
    with running(None) as server:
        starting = samples(server.server)
        server.server.serve(engine)
        before = samples(server.server)
        engine.activate("g-old")
        after = samples(server.server)

    def serving(page: dict[str, float]) -> list[str]:
        return [name for name in page if name.startswith("cartograph_serving_generation{")]

    assert serving(starting) == []
    assert serving(before) == ['cartograph_serving_generation{device="cpu",generation="g-new"}']
    assert serving(after) == ['cartograph_serving_generation{device="cpu",generation="g-old"}']
    assert before["cartograph_serving_products"] == 2


def test_two_servers_in_one_process_count_apart() -> None:
    with running(FakeEngine()) as first, running(FakeEngine()) as second:
        first.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)

        key = 'cartograph_calls_total{code="OK",method="SearchProducts"}'
        assert samples(first.server)[key] == 1
        assert key not in samples(second.server)


def test_a_metrics_port_in_use_is_one_sentence() -> None:
    first = MetricsPage.open(Metrics(), "127.0.0.1", 0)
    try:
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{first.port}: Address al"):
            MetricsPage.open(Metrics(), "127.0.0.1", first.port)
    finally:
        first.close()


def test_recall_of_live_searches_is_told_by_what_passed_the_filter(server: Running) -> None:
    server.server.metrics.recall_measured("1%", 0.9)
    server.server.metrics.recall_measured("1%", 1.0)

    page = samples(server.server)

    assert page['cartograph_vector_recall_sum{passing="1%"}'] == pytest.approx(1.9)
    assert page['cartograph_vector_recall_bucket{le="0.95",passing="1%"}'] == 1
