"""KnowledgeGraphService over a socket, on a small graph with real processes for its queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from cartograph.v1 import knowledge_graph_service_pb2 as pb
from cartograph.v1 import search_service_pb2 as search
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running
from tests.small_graph import BLACK, GENERATION, LX300, open_small_graph, write_small_graph

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = write_small_graph(tmp_path_factory.mktemp("graph"), filler=2_000)
    opened = open_small_graph(folder, processes=2, memory_mib=128)
    with running(FakeEngine(browser=opened.browser), workers=8, max_inflight=16) as started:
        yield started
    opened.close()


def refusal(call: Callable[..., Any], request: Any, timeout: float = WAIT) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=timeout)
    return Refusal.of(raised.value)


def rows(server: Running, text: str) -> list[list[str]]:
    answer = server.graph.QueryGraph(pb.QueryGraphRequest(query=text), timeout=WAIT)
    return [[term.iri or term.literal.value for term in row.terms] for row in answer.table.rows]


def wait_for_a_free_process(server: Running) -> None:
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        try:
            server.graph.QueryGraph(pb.QueryGraphRequest(query="ASK {}"), timeout=WAIT)
        except grpc.RpcError:
            time.sleep(0.02)
        else:
            return


def test_an_entity_is_described_by_name(server: Running) -> None:
    answer = server.graph.DescribeEntity(
        pb.DescribeEntityRequest(name="黑色", product_sample_size=2), timeout=WAIT
    )

    assert (answer.entity.id, answer.entity.kind, answer.entity.product_count) == (BLACK, "color", 3)
    assert [each.node.product_id for each in answer.product_statements] == ["P 0", "P 3"]
    assert answer.generation_id == GENERATION


def test_neighbours_come_page_by_page(server: Running) -> None:
    request = pb.ListNeighborsRequest(entity_id=BLACK, page_size=3)
    first = server.graph.ListNeighbors(request, timeout=WAIT)
    request.page_token = first.next_page_token
    second = server.graph.ListNeighbors(request, timeout=WAIT)

    assert [each.node.product_id for each in first.neighbors] == ["", "P 0", "P 3"]
    assert [each.node.product_id for each in second.neighbors] == ["P 1"]
    assert (first.total_size, second.next_page_token) == (4, "")


def test_a_text_is_linked(server: Running) -> None:
    answer = server.graph.LinkEntities(pb.LinkEntitiesRequest(text="ink for Inko LX300"), timeout=WAIT)

    assert [span.senses[0].entity.id for span in answer.spans] == [LX300]


def test_sparql_is_answered_with_named_graphs(server: Running) -> None:
    text = f"SELECT ?g {{ GRAPH ?g {{ ?s <https://schema.org/color> <{BLACK}> }} }} ORDER BY ?g"

    assert rows(server, text) == [["urn:cartograph:graph:catalogue"], ["urn:cartograph:graph:tagger"]]


@pytest.mark.parametrize(
    ("method", "request_", "code", "reason", "field"),
    [
        ("DescribeEntity", pb.DescribeEntityRequest(entity_id="urn:x"), "NOT_FOUND", "NOT_FOUND", None),
        ("DescribeEntity", pb.DescribeEntityRequest(name="mauve"), "NOT_FOUND", "NOT_FOUND", None),
        (
            "DescribeEntity",
            pb.DescribeEntityRequest(name="black", kind="colour"),
            "INVALID_ARGUMENT",
            "INVALID_ARGUMENT",
            "kind",
        ),
        ("ListNeighbors", pb.ListNeighborsRequest(entity_id="urn:x"), "NOT_FOUND", "NOT_FOUND", None),
        (
            "ListNeighbors",
            pb.ListNeighborsRequest(entity_id=BLACK, page_token="x"),  # noqa: S106 (no password)
            "INVALID_ARGUMENT",
            "INVALID_ARGUMENT",
            "page_token",
        ),
        ("LinkEntities", pb.LinkEntitiesRequest(), "INVALID_ARGUMENT", "INVALID_ARGUMENT", "text"),
        (
            "QueryGraph",
            pb.QueryGraphRequest(query="DROP ALL"),
            "INVALID_ARGUMENT",
            "QUERY_SYNTAX",
            "query",
        ),
        (
            "QueryGraph",
            pb.QueryGraphRequest(query="SELECT ?x\nWHERE { ?x ?y }"),
            "INVALID_ARGUMENT",
            "QUERY_SYNTAX",
            "query",
        ),
        (
            "QueryGraph",
            pb.QueryGraphRequest(query="ASK { SERVICE <http://example.org/> { ?s ?p ?o } }"),
            "INVALID_ARGUMENT",
            "QUERY_SYNTAX",
            "query",
        ),
        (
            "QueryGraph",
            pb.QueryGraphRequest(query="SELECT * { ?s ?p ?o }"),
            "RESOURCE_EXHAUSTED",
            "QUERY_LIMIT",
            None,
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_one_sentence(
    server: Running, method: str, request_: Any, code: str, reason: str, field: str | None
) -> None:
    found = refusal(getattr(server.graph, method), request_)

    assert (found.code.name, found.info.reason) == (code, reason)
    assert [violation.field for violation in found.violations] == ([field] if field else [])
    assert found.message.endswith((".", "?"))
    assert "Traceback" not in found.message


def test_an_update_changes_nothing(server: Running) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    before = rows(server, count)

    for update in ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", "DELETE WHERE { ?s ?p ?o }", "CLEAR ALL"):
        assert refusal(server.graph.QueryGraph, pb.QueryGraphRequest(query=update)).code.name == (
            "INVALID_ARGUMENT"
        )

    assert rows(server, count) == before


def test_a_runaway_query_ends_with_the_calls_deadline_and_searches_go_on(server: Running) -> None:
    running_query = server.graph.QueryGraph.future(pb.QueryGraphRequest(query=RUNAWAY), timeout=1.5)
    time.sleep(0.2)
    answer = server.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)

    assert len(answer.results) == 1
    error = running_query.exception(timeout=WAIT)
    assert isinstance(error, grpc.RpcError)
    found = Refusal.of(error)
    assert (found.code.name, found.info.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")
    assert found.message.startswith("The query did not end within 1.")
    assert rows(server, "SELECT ('alive' AS ?x) {}") == [["alive"]]


def test_without_a_deadline_a_query_has_five_seconds(server: Running) -> None:
    start = time.monotonic()

    with pytest.raises(grpc.RpcError) as raised:
        server.graph.QueryGraph(pb.QueryGraphRequest(query=RUNAWAY))

    assert Refusal.of(raised.value).message.startswith("The query did not end within 5 s")
    assert 4.5 < time.monotonic() - start < 15


def test_a_third_query_is_refused_while_two_run(server: Running) -> None:
    calls = [
        server.graph.QueryGraph.future(pb.QueryGraphRequest(query=RUNAWAY), timeout=WAIT) for _ in range(2)
    ]
    time.sleep(0.3)

    found = refusal(server.graph.QueryGraph, pb.QueryGraphRequest(query="ASK {}"))

    assert (found.code.name, found.info.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
    for call in calls:
        call.cancel()
    wait_for_a_free_process(server)  # the cancelled ones are noticed and killed
    assert server.graph.QueryGraph(pb.QueryGraphRequest(query="ASK {}"), timeout=WAIT).boolean


def test_the_largest_answer_that_is_given_fits_into_a_clients_default(server: Running) -> None:
    """A client takes 4 MiB unless told otherwise. A text of 240 characters counts 240 + 7 for its kind + 39
    for its datatype + 16 = 302 bytes: 10,000 of them are below 3 MiB, of 260 characters above.
    """
    text = "SELECT ('{}' AS ?x) {{ ?a <urn:filler:says> ?b . ?c <urn:filler:says> ?d }} LIMIT 10000"

    request = pb.QueryGraphRequest(query=text.format("x" * 240), max_rows=10_000)
    answer = server.graph.QueryGraph(request, timeout=WAIT)

    assert len(answer.table.rows) == 10_000
    request = pb.QueryGraphRequest(query=text.format("x" * 260), max_rows=10_000)
    assert refusal(server.graph.QueryGraph, request).info.metadata["limit"] == "bytes"
