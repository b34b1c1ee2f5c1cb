"""An operator watches a real server: traces at a collector, metrics, slow searches, the page's commands."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.generation import DataFolder
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.integration.test_operations_page import commands_of, free_port, run_all, variables
from tests.otlp_collector import Collector, Received, collecting
from tests.small_shop import active_generation, link_generation
from tests.watching import exposed, expressions

__all__ = ["variables"]

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
QUERY = "black ink for printnova"


@dataclass(frozen=True)
class Watched:
    server: RealServer
    collector: Collector

    def lines(self, event: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.server.log.read_text().splitlines()]
        return [line for line in found if line["event"] == event]

    def metrics(self) -> str:
        port = self.lines("listening")[0]["metrics_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT) as page:
            text: str = page.read().decode()
        return text

    def ask(self, *metadata: tuple[str, str], **fields: Any) -> search.SearchProductsResponse:
        request = search.SearchProductsRequest(query=QUERY, skip_cache=True, **fields)
        answer: search.SearchProductsResponse = self.server.search.SearchProducts(
            request, timeout=WAIT, metadata=metadata
        )
        return answer


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[Watched]:
    """Traces what callers ask it to trace, and calls every search slow."""
    folder = tmp_path_factory.mktemp("watched")
    generation = link_generation(active_generation(small_data), folder / "data")
    DataFolder(folder / "data").activate(generation.id)
    with collecting() as collector, pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")  # milliseconds; 5,000 by default
        flags = ("--otlp-endpoint", collector.endpoint, "--trace-share", "0", "--slow-search-ms", "0.001")
        with real_server(folder / "data", folder, *flags) as server:
            yield Watched(server, collector)


def is_call_of(trace: str, span: Received) -> bool:
    return span.trace == trace and span.server


def test_a_search_is_a_tree_of_spans_in_the_trace_of_its_caller(watched: Watched) -> None:
    answer = watched.ask(("traceparent", f"00-{TRACE}-{PARENT}-01"), filter="price < 500")

    call = watched.collector.wait_for(lambda span: is_call_of(TRACE, span), WAIT)
    below = watched.collector.below(call)
    names = [span.name for span in below]
    assert call.parent == PARENT
    assert call.about["cartograph.generation"] == answer.generation_id
    assert names[:3] == ["understand", "expand", "filter"]
    assert {"retrieve", "encode", "fuse", "rerank"} <= set(names)
    assert {span.trace for span in below} == {TRACE}
    assert all(call.start <= span.start <= span.end <= call.end for span in below)
    told = {timing.stage: timing.elapsed_duration.ToNanoseconds() / 1e9 for timing in answer.stage_timings}
    for span in below:
        assert span.end - span.start == pytest.approx(told[span.name], abs=1e-4)
    assert "printnova" not in str([span.about for span in watched.collector.spans])


def test_a_batch_is_one_call_whose_searches_are_told_apart(watched: Watched) -> None:
    trace = TRACE[::-1]
    requests = [search.SearchProductsRequest(query=QUERY, skip_cache=True)] * 3
    watched.server.search.BatchSearchProducts(
        search.BatchSearchProductsRequest(requests=requests),
        timeout=WAIT,
        metadata=(("traceparent", f"00-{trace}-{PARENT}-01"),),
    )

    call = watched.collector.wait_for(lambda span: is_call_of(trace, span), WAIT)
    fused = [span for span in watched.collector.below(call) if span.name == "fuse"]
    assert {span.about["cartograph.search"] for span in fused} == {0, 1, 2}


def test_a_slow_search_is_told_with_its_stages_and_without_its_words(watched: Watched) -> None:
    watched.ask(("x-request-id", "slow-1"), filter="price < 500")
    until = time.monotonic() + WAIT
    while not (found := [line for line in watched.lines("slow search") if line["request_id"] == "slow-1"]):
        assert time.monotonic() < until
        time.sleep(0.05)

    (line,) = found
    assert line["duration_ms"] >= sum(line["stages_ms"].values()) - line["stages_ms"]["encode"] > 0
    assert set(line["sources"]) <= {"lexical", "dense", "graph", "past_queries"}
    assert sum(line["sources"].values()) >= line["candidates"] > 0
    assert line["filtered"] is True
    assert "printnova" not in watched.server.log.read_text()
    assert '\ncartograph_slow_searches_total{collection=""} 0.0\n' not in watched.metrics()


def test_every_line_of_a_batch_has_the_request_id_of_the_call(watched: Watched) -> None:
    requests = [search.SearchProductsRequest(query=QUERY, skip_cache=True)] * 3
    watched.server.search.BatchSearchProducts(
        search.BatchSearchProductsRequest(requests=requests),
        timeout=WAIT,
        metadata=(("x-request-id", "batch-1"),),
    )
    until = time.monotonic() + WAIT
    while len([line for line in watched.lines("slow search") if line["request_id"] == "batch-1"]) < 3:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_alerts_and_dashboard_ask_for_what_a_real_server_tells(watched: Watched) -> None:
    names = exposed(watched.metrics())

    for expression in expressions():
        assert expression.metrics <= names, expression.where


def test_live_changes_show_in_the_metrics(watched: Watched) -> None:
    before = watched.metrics()
    product = product_pb2.Product(id="TEA-1", title="Cast-iron teapot")
    upserts = [catalog.ProductUpsert(product=product), catalog.ProductUpsert(product=product_pb2.Product())]
    watched.server.catalog.UpsertProducts(catalog.UpsertProductsRequest(upserts=upserts), timeout=WAIT)
    page = watched.metrics()

    for name, was, now in (
        ("cartograph_live_changes_total", "0.0", "1.0"),
        ("cartograph_live_sequence", "0.0", "1.0"),
        ("cartograph_live_slots", "0.0", "1.0"),
        ("cartograph_live_commit_seconds_count", "0.0", "1.0"),
    ):
        assert f'\n{name}{{collection=""}} {was}\n' in before
        assert f'\n{name}{{collection=""}} {now}\n' in page
    assert '\ncartograph_live_slots_limit{collection=""} 100000.0\n' in page
    refused = 'cartograph_live_changes_refused_total{collection="",reason="INVALID_ARGUMENT"}'
    assert f"\n{refused} 1.0\n" in page
    assert '\ncartograph_change_log_bytes{collection=""} 0.0\n' in before
    assert '\ncartograph_change_log_bytes{collection=""} 0.0\n' not in page


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl reads the page of metrics")
def test_the_commands_of_the_page(tmp_path: Path, small_data: Path, variables: dict[str, str]) -> None:
    (tmp_path / "data").symlink_to(small_data)
    metrics_port = str(free_port())
    with collecting() as collector:
        commands = [
            command.replace("4317", str(collector.port)).replace("9464", metrics_port)
            for command in commands_of("Watching a server")
        ]
        run_all(commands, tmp_path, {**variables, "CARTOGRAPH_METRICS_PORT": metrics_port})

    assert [" serve " in command for command in commands] == [True, False, False]
