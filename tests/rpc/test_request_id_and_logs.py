from __future__ import annotations

import io
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import search_service_pb2 as search
from engine.logs import configure_logs, written_behind
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, running

CHAIR = search.SearchProductsRequest(query="garden chair of oak", filter="price < 20")


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def trailing_of(call: grpc.Call) -> dict[str, str | bytes]:
    return dict(call.trailing_metadata() or ())


def test_the_callers_request_id_comes_back() -> None:
    with running(FakeEngine()) as server:
        _, call = server.search.SearchProducts.with_call(
            CHAIR, timeout=WAIT, metadata=(("x-request-id", "shop-7"),)
        )

    assert trailing_of(call)["x-request-id"] == "shop-7"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129], ids=["none", "a blank", "too long"])
def test_without_a_usable_request_id_one_is_made(given: str) -> None:
    with running(FakeEngine()) as server:
        metadata = (("x-request-id", given),) if given else ()
        _, call = server.search.SearchProducts.with_call(CHAIR, timeout=WAIT, metadata=metadata)

    assert re.fullmatch(r"[0-9a-f]{32}", str(trailing_of(call)["x-request-id"]))


def test_one_line_for_each_call_without_the_shoppers_words(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)

    with running(FakeEngine()) as server:
        server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=(("x-request-id", "r-1"),))
        with pytest.raises(grpc.RpcError):
            server.search.SearchProducts(
                search.SearchProductsRequest(query="chair", filter="("),
                timeout=WAIT,
                metadata=(("x-request-id", "r-2"),),
            )

    good, bad = (line for line in lines(stream) if line["event"] == "call")
    assert (good["method"], good["code"], good["request_id"]) == ("SearchProducts", "OK", "r-1")
    assert good["generation"] == "g-new"
    assert good["duration_ms"] > 0
    assert good["peer"].startswith("ipv4:127.0.0.1:")
    assert (bad["code"], bad["reason"], bad["field"]) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", "filter")
    assert bad["request_id"] == "r-2"
    assert "generation" not in bad  # nothing of one call is left for the next
    assert "oak" not in stream.getvalue()


def test_debug_logs_hold_the_query(stream: io.StringIO) -> None:
    configure_logs("debug", "json", stream)

    with running(FakeEngine()) as server:
        server.search.SearchProducts(CHAIR, timeout=WAIT)

    assert [line["query"] for line in lines(stream) if line["event"] == "search"] == [CHAIR.query]


def test_a_bug_is_logged_with_its_traceback_in_one_json_line(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("row 17")

    with running(FakeEngine(before=fail)) as server, pytest.raises(grpc.RpcError):
        server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=(("x-request-id", "r-9"),))

    failed = next(line for line in lines(stream) if line["event"] == "call failed")
    assert failed["request_id"] == "r-9"
    assert failed["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert failed["exception"][0]["frames"]


def test_a_refused_call_is_logged_as_such(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)

    with running(None) as server, pytest.raises(grpc.RpcError):
        server.catalog.GetProduct(catalog.GetProductRequest(product_id="c-1"), timeout=WAIT)

    line = next(line for line in lines(stream) if line["event"] == "call refused")
    assert (line["method"], line["code"], line["reason"]) == ("GetProduct", "UNAVAILABLE", "NOT_SERVING")


def test_libraries_log_in_the_same_form(stream: io.StringIO) -> None:
    import logging

    configure_logs("info", "json", stream)

    logging.getLogger("somewhere").warning("careful: %d", 3)

    line = lines(stream)[0]
    assert (line["event"], line["logger"], line["level"]) == ("careful: 3", "somewhere", "warning")


def test_a_call_succeeds_although_its_log_line_cannot_be_written(stream: io.StringIO) -> None:
    configure_logs("debug", "json", stream)
    stream.close()

    with running(FakeEngine()) as server:
        answer = server.search.SearchProducts(CHAIR, timeout=WAIT)

    assert len(answer.results) == 1


def test_a_line_after_a_pause_is_written_at_once_and_a_bundle_soon(stream: io.StringIO) -> None:
    with written_behind(stream) as behind:
        behind.write("first\n")
        assert stream.getvalue() == "first\n"
        for number in range(1_000):
            behind.write(f"{number}\n")
        until = time.monotonic() + WAIT
        while not stream.getvalue().endswith("999\n"):
            assert time.monotonic() < until
            time.sleep(0.005)

    assert stream.getvalue().splitlines() == ["first", *map(str, range(1_000))]


def test_no_line_is_lost_at_the_end_nor_mixed_between_threads(stream: io.StringIO) -> None:
    with written_behind(stream) as behind, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: behind.write(f"{number}\n"), range(5_000)))

    assert sorted(map(int, stream.getvalue().splitlines())) == list(range(5_000))
    behind.write("after the end\n")
    assert stream.getvalue().endswith("after the end\n")
