"""Calls as spans: a real server, and a real collector that they are sent to."""

from __future__ import annotations

import gc
import io
import json
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from opentelemetry.sdk.trace import TracerProvider

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import search_service_pb2 as search
from engine.deadline import Deadline
from engine.errors import DeadlineExceededError
from engine.logs import configure_logs
from engine.request import SearchRequest, Stage
from engine.rpc.security import Security
from engine.security.access import Access
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.reload import Reloaded
from engine.security.usage import Usage
from engine.telemetry import CallTracer
from engine.trace import Trace
from tests.certificates import Authority
from tests.otlp_collector import Received, collecting
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Running, running

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = (("traceparent", f"00-{TRACE}-{PARENT}-01"),)
NOT_SAMPLED = (("traceparent", f"00-{TRACE}-{PARENT}-00"),)
ENCODING = 0.002
NAME = "cartograph.v1.SearchService/SearchProducts"

Metadata = tuple[tuple[str, str], ...]


def stages(request: SearchRequest, deadline: Deadline) -> None:
    """What a pipeline does with its trace. The query "late" is cut short, "later" fails for want of time."""
    trace = Trace(deadline)
    with trace.stage(Stage.UNDERSTAND):
        pass
    with trace.stage(Stage.RETRIEVE), trace.stage(Stage.ENCODE):
        time.sleep(ENCODING)
    if request.query.startswith("late"):
        trace.degrade(Stage.RETRIEVE, "The graph source was left out.")
    if request.query == "later":
        raise DeadlineExceededError("No source could answer.")


def spans_of(
    call: Callable[[Running], object],
    *,
    share: float = 1.0,
    words: bool = False,
    security: Security | None = None,
) -> list[Received]:
    """All spans of a server that was called so."""
    with collecting() as collector:
        tracer = CallTracer.open(collector.endpoint, share, words=words)
        with running(FakeEngine(before=stages), tracer=tracer, security=security) as server:
            call(server)
        tracer.close()
        return collector.spans


def ask(server: Running, query: str = "garden chair", metadata: Metadata = ()) -> None:
    request = search.SearchProductsRequest(query=query, filter="price < 20")
    server.search.SearchProducts(request, timeout=WAIT, metadata=metadata)


def root(spans: list[Received]) -> Received:
    (found,) = (span for span in spans if span.server)
    return found


def test_a_call_is_a_span_and_its_stages_are_spans_below_it() -> None:
    before = time.time()
    spans = spans_of(lambda server: ask(server, metadata=(("x-request-id", "shop-7"),)))
    call = root(spans)
    below = sorted((span for span in spans if span is not call), key=lambda span: (span.start, -span.end))

    assert (call.name, call.parent, call.failed) == (NAME, "", False)
    assert [span.name for span in below] == ["understand", "retrieve", "encode"]
    assert {(span.trace, span.parent, span.server) for span in below} == {(call.trace, call.id, False)}
    assert before <= call.start <= below[0].start
    assert below[-1].end <= call.end <= time.time()
    encode = below[-1]
    assert ENCODING <= encode.end - encode.start < WAIT
    assert below[1].start <= encode.start
    assert encode.end <= below[1].end


def test_a_span_says_of_the_call_what_its_log_line_says() -> None:
    about = root(spans_of(lambda server: ask(server, metadata=(("x-request-id", "shop-7"),)))).about

    assert about == {
        "rpc.system": "grpc",
        "rpc.service": "cartograph.v1.SearchService",
        "rpc.method": "SearchProducts",
        "rpc.grpc.status_code": 0,
        "cartograph.request_id": "shop-7",
        "cartograph.generation": "g-new",
        "cartograph.cached": False,
    }


def test_a_process_says_who_it_is() -> None:
    made_by = root(spans_of(ask)).made_by

    assert made_by["service.name"] == "cartograph"
    assert str(made_by["service.instance.id"])


def test_the_callers_trace_goes_on() -> None:
    call = root(spans_of(lambda server: ask(server, metadata=SAMPLED)))

    assert (call.trace, call.parent) == (TRACE, PARENT)


@pytest.mark.parametrize(
    ("share", "metadata", "traced"),
    [
        (0.0, (), False),
        (1.0, (), True),
        (0.0, SAMPLED, True),
        (1.0, NOT_SAMPLED, False),
        (1.0, (("traceparent", "00-nonsense"),), True),
    ],
    ids=["none", "all", "the caller says yes", "the caller says no", "the caller says nonsense"],
)
def test_the_caller_decides_and_else_the_share(share: float, metadata: Metadata, traced: bool) -> None:
    spans = spans_of(lambda server: ask(server, metadata=metadata), share=share)

    assert bool(spans) is traced


def test_a_share_of_the_calls_is_traced() -> None:
    def many(server: Running) -> None:
        for _ in range(200):
            server.catalog.GetProduct(catalog.GetProductRequest(product_id="c-1"), timeout=WAIT)

    assert 60 <= len(spans_of(many, share=0.5)) <= 140  # 200 x .5, six deviations of 7.07 to either side


@pytest.mark.parametrize("words", [False, True])
def test_what_shoppers_typed_is_in_a_span_only_where_the_log_may_hold_it(words: bool) -> None:
    def all_that_hold_words(server: Running) -> None:
        ask(server, "garden chair of oak")
        requests = [search.SearchProductsRequest(query="garden chair of oak")] * 2
        server.search.BatchSearchProducts(search.BatchSearchProductsRequest(requests=requests), timeout=WAIT)
        server.search.SuggestQueries(search.SuggestQueriesRequest(prefix="garden chair of oak"), timeout=WAIT)
        with pytest.raises(grpc.RpcError):
            server.search.SearchProducts(
                search.SearchProductsRequest(query="garden chair of oak", filter="("), timeout=WAIT
            )

    spans = spans_of(all_that_hold_words, words=words)

    assert {span.about["rpc.method"] for span in spans if span.server} == {
        "SearchProducts",
        "BatchSearchProducts",
        "SuggestQueries",
    }
    assert all(("oak" in str(span.about)) is words for span in spans if span.server)


def test_stages_of_a_batch_say_which_search_they_are_of() -> None:
    def batch(server: Running) -> None:
        requests = [search.SearchProductsRequest(query="chair"), search.SearchProductsRequest(query="ink")]
        server.search.BatchSearchProducts(search.BatchSearchProductsRequest(requests=requests), timeout=WAIT)

    spans = spans_of(batch)

    assert root(spans).about["cartograph.searches"] == 2
    of = [span.about["cartograph.search"] for span in spans if span.name == "retrieve"]
    assert sorted(map(str, of)) == ["0", "1"]


def test_what_was_cut_short_is_told() -> None:
    spans = spans_of(lambda server: ask(server, "late"))

    assert root(spans).about["cartograph.degraded"] == ["retrieve"]
    (retrieve,) = (span for span in spans if span.name == "retrieve")
    assert retrieve.about["cartograph.degraded"] == "The graph source was left out."


def test_a_call_that_fails_has_its_stages_too() -> None:
    def fails(server: Running) -> None:
        with pytest.raises(grpc.RpcError):
            ask(server, "later")

    spans = spans_of(fails)
    call = root(spans)

    assert call.failed
    assert (call.about["rpc.grpc.status_code"], call.about["error.type"]) == (4, "DEADLINE_EXCEEDED")
    assert call.about["cartograph.reason"] == "DEADLINE_EXCEEDED"
    assert {"understand", "retrieve"} < {span.name for span in spans}


def test_a_wrong_request_is_not_the_servers_fault() -> None:
    def wrong(server: Running) -> None:
        with pytest.raises(grpc.RpcError):
            server.catalog.GetProduct(catalog.GetProductRequest(product_id="none"), timeout=WAIT)

    call = root(spans_of(wrong))

    assert (call.failed, call.about["rpc.grpc.status_code"]) == (False, 5)
    assert call.about["cartograph.reason"] == "NOT_FOUND"


def test_strangers_do_not_decide_what_is_traced() -> None:
    keys = Reloaded((), lambda: Keys.of(()))
    security = Security(Access(keys, None, Limiter(Usage())))

    def stranger(server: Running) -> None:
        with pytest.raises(grpc.RpcError):
            ask(server, metadata=SAMPLED)

    assert spans_of(stranger, security=security) == []


def test_log_lines_of_a_traced_call_name_its_trace() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)

    def both(server: Running) -> None:
        ask(server, metadata=SAMPLED)
        ask(server, metadata=NOT_SAMPLED)

    spans_of(both)

    traces = [line.get("trace_id") for line in map(json.loads, stream.getvalue().splitlines())]
    assert [each for each in traces if each] == [TRACE]


def test_calls_do_not_wait_for_a_collector_that_is_away() -> None:
    """Nor does the server wait for it for long when it stops."""
    with collecting() as collector:
        nobody = collector.endpoint
    tracer = CallTracer.open(nobody, 1.0, words=False)
    with running(FakeEngine(), tracer=tracer) as server:
        start = time.monotonic()
        for _ in range(20):
            ask(server)
        answered = time.monotonic() - start
    start = time.monotonic()
    tracer.close()

    assert answered < 2.0
    assert time.monotonic() - start < WAIT


def test_spans_go_to_an_encrypted_collector_that_an_authority_vouches_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    pair = authority.issue()
    (tmp_path / "ca.pem").write_bytes(authority.cert)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(tmp_path / "ca.pem"))
    with collecting(grpc.ssl_server_credentials([(pair.key, pair.cert)])) as collector:
        tracer = CallTracer.open(collector.endpoint, 1.0, words=False)
        with running(FakeEngine(), tracer=tracer) as server:
            ask(server)
        tracer.close()

    assert root(collector.spans).name == NAME


def test_a_call_leaves_nothing_behind_that_only_the_garbage_collector_could_free() -> None:
    """A trace knows its call, by its deadline: kept in the call's own context, they would be a ring."""
    alive: list[weakref.ref[Trace]] = []

    def remembered(_request: SearchRequest, deadline: Deadline) -> None:
        alive.append(weakref.ref(Trace(deadline)))

    tracer = CallTracer(TracerProvider(shutdown_on_exit=False), words=False)
    gc.disable()
    try:
        with running(FakeEngine(before=remembered), tracer=tracer) as server:
            ask(server)
            until = time.monotonic() + WAIT
            while alive[0]() is not None:
                assert time.monotonic() < until
                time.sleep(0.01)
    finally:
        gc.enable()
