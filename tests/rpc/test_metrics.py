from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.collection import ONLY
from engine.errors import ConfigError, StorageError
from engine.metrics import Metrics, MetricsPage
from engine.rpc.security import Security
from engine.rpc.server import Server
from engine.security.certificates import Certificates
from engine.security.reload import Reloaded
from engine.shopper_events import EventOutcome
from engine.types import LiveStatus
from tests.certificates import Authority
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Running, running
from tests.watching import exposed, expressions, labels_on


def page_of(server: Server) -> str:
    """What Prometheus would read."""
    page = MetricsPage.open(server.metrics, "127.0.0.1", 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{page.port}/metrics", timeout=WAIT) as response:
            text: str = response.read().decode()
    finally:
        page.close()
    return text


def samples(server: Server) -> dict[str, float]:
    """By "name{labels}"."""
    lines = (line.rpartition(" ") for line in page_of(server).splitlines() if not line.startswith("#"))
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

    assert page['cartograph_calls_total{code="OK",collection="",method="SearchProducts"}'] == 2
    assert page['cartograph_calls_total{code="INVALID_ARGUMENT",collection="",method="SearchProducts"}'] == 1
    assert page['cartograph_call_seconds_count{collection="",method="SearchProducts"}'] == 3


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

    assert page['cartograph_refused_calls_total{collection="",reason="NOT_SERVING"}'] == 1
    assert page['cartograph_calls_total{code="UNAVAILABLE",collection="",method="SearchProducts"}'] == 1


def test_the_serving_generation_is_named_and_follows_an_activation() -> None:
    engine = FakeEngine()
    with running(None) as server:
        starting = samples(server.server)
        server.server.serve({ONLY: engine})
        before = samples(server.server)
        engine.activate("g-old")
        after = samples(server.server)

    def serving(page: dict[str, float]) -> list[str]:
        return [name for name in page if name.startswith("cartograph_serving_generation{")]

    assert serving(starting) == []
    assert serving(before) == ['cartograph_serving_generation{collection="",device="cpu",generation="g-new"}']
    assert serving(after) == ['cartograph_serving_generation{collection="",device="cpu",generation="g-old"}']
    assert before['cartograph_serving_products{collection=""}'] == 2
    age = before['cartograph_serving_generation_created_timestamp_seconds{collection=""}']
    assert age == datetime(2026, 2, 1, tzinfo=UTC).timestamp()


def test_two_servers_in_one_process_count_apart() -> None:
    with running(FakeEngine()) as first, running(FakeEngine()) as second:
        first.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)

        key = 'cartograph_calls_total{code="OK",collection="",method="SearchProducts"}'
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

    assert page['cartograph_vector_recall_sum{collection="",passing="1%"}'] == pytest.approx(1.9)
    assert page['cartograph_vector_recall_bucket{collection="",le="0.95",passing="1%"}'] == 1


def upsert(server: Running, *product_ids: str, request_id: str = "") -> None:
    upserts = [
        catalog.ProductUpsert(product=product_pb2.Product(id=each, title="Ink")) for each in product_ids
    ]
    request = catalog.UpsertProductsRequest(upserts=upserts, request_id=request_id)
    server.catalog.UpsertProducts(request, timeout=WAIT)


def test_live_changes_are_counted_once_and_refused_ones_by_reason(server: Running) -> None:
    upsert(server, "a", "b", request_id="r-1")
    upsert(server, "a", "b", request_id="r-1")
    server.catalog.DeleteProducts(
        catalog.DeleteProductsRequest(product_ids=["a", "never", "nowhere"]), timeout=WAIT
    )

    page = samples(server.server)

    assert page['cartograph_live_changes_total{collection=""}'] == 2 + 1
    assert page['cartograph_live_changes_refused_total{collection="",reason="NOT_FOUND"}'] == 2


def test_commits_are_timed(server: Running) -> None:
    server.server.metrics.commit_finished(3, 0.02)

    page = samples(server.server)

    assert page['cartograph_live_commit_seconds_sum{collection=""}'] == pytest.approx(0.02)
    assert page['cartograph_live_commit_seconds_bucket{collection="",le="0.01"}'] == 0
    assert page['cartograph_live_commit_seconds_bucket{collection="",le="0.025"}'] == 1


def test_the_room_of_live_changes_and_their_log_are_told(server: Running) -> None:
    upsert(server, "a", "b")

    page = samples(server.server)

    assert (
        page['cartograph_live_slots{collection=""}'],
        page['cartograph_live_slots_limit{collection=""}'],
    ) == (3, 10)
    assert (
        page['cartograph_live_sequence{collection=""}'],
        page['cartograph_change_log_bytes{collection=""}'],
    ) == (2, 4_096)


def test_a_log_that_cannot_be_read_takes_no_other_metric_along() -> None:
    class Torn(FakeEngine):
        def live_status(self) -> LiveStatus:
            raise StorageError(Path("live/changes.db"), "cannot be read")

    with running(Torn()) as server:
        page = samples(server.server)

    assert 'cartograph_live_slots{collection=""}' not in page
    assert page['cartograph_serving_products{collection=""}'] == 2


def test_when_the_certificate_expires_is_told_and_follows_a_new_one() -> None:
    authority = Authority()
    first, second = authority.issue(days=3), authority.issue(days=30)
    certificates = Reloaded((), lambda: Certificates(first.cert, first.key))
    security = Security(certificates=certificates)
    credentials = grpc.ssl_channel_credentials(authority.cert)

    def days_left(server: Running) -> float:
        at = samples(server.server)["cartograph_tls_certificate_expiry_timestamp_seconds"]
        return (datetime.fromtimestamp(at, UTC) - datetime.now(UTC)) / timedelta(days=1)

    with running(FakeEngine(), security=security, credentials=credentials) as server:
        assert days_left(server) == pytest.approx(3, abs=0.1)
        certificates.value = Certificates(second.cert, second.key)
        assert days_left(server) == pytest.approx(30, abs=0.1)


def test_without_a_certificate_there_is_no_sample(server: Running) -> None:
    assert "cartograph_tls_certificate_expiry_timestamp_seconds" not in samples(server.server)


def test_the_process_tells_its_memory_and_files(server: Running) -> None:
    page = samples(server.server)

    assert page["process_resident_memory_bytes"] > 1e6
    assert 0 < page["process_open_fds"] < page["process_max_fds"]


def test_alerts_and_dashboard_ask_for_metrics_and_labels_that_a_server_has(server: Running) -> None:
    server.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)
    server.catalog.DeleteProducts(catalog.DeleteProductsRequest(product_ids=["never"]), timeout=WAIT)
    metrics = server.server.metrics
    metrics.call_refused("SearchProducts", "RESOURCE_EXHAUSTED", "OVERLOADED")
    metrics.batch_finished("encoder", 1, 0.01)
    metrics.cache_looked_up("results", "hit")
    metrics.recall_measured("all", 1.0)
    metrics.events_finished([EventOutcome("e1"), EventOutcome("e2", reason="INVALID_ARGUMENT")])
    metrics.events_expired(1)
    page = page_of(server.server)
    names, labels = exposed(page), labels_on(page)

    for expression in expressions():
        assert expression.metrics or expression.where == "CartographDown"  # that is about `up` alone
        assert expression.metrics <= names, expression.where
        known = set[str]().union(*(labels.get(name, set()) for name in expression.metrics))
        assert expression.labels <= known, expression.where
