"""Graph queries that run away, processes that are killed: the server answers on and leaves nobody behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import knowledge_graph_service_pb2 as graph
from cartograph.v1 import search_service_pb2 as search
from engine.generation import DataFolder
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal
from tests.small_shop import active_generation, link_generation

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")

FIRST, SECOND = "g-first", "g-second"
RUNAWAY = graph.QueryGraphRequest(query="SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
"""A cartesian product of three: hours, even on a graph of thirty products."""
QUICK = graph.QueryGraphRequest(query="ASK {}")


@contextmanager
def serving(folder: Path, small_data: Path) -> Iterator[RealServer]:
    """Two generations of the same files; the first is active."""
    data = folder / "data"
    for name in (FIRST, SECOND):
        link_generation(active_generation(small_data), data, name=name)
    DataFolder(data).activate(FIRST)
    with real_server(data, folder, "--graph-query-processes", "2") as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[RealServer]:
    """For tests that leave it with processes that wait, or with none."""
    with serving(tmp_path_factory.mktemp("runaway"), small_data) as running:
        yield running


@pytest.fixture
def ending_server(tmp_path: Path, small_data: Path) -> Iterator[RealServer]:
    with serving(tmp_path, small_data) as running:
        yield running


def search_takes(server: RealServer) -> float:
    start = time.monotonic()
    answer = server.search.SearchProducts(search.SearchProductsRequest(query="black ink"), timeout=WAIT)
    assert answer.results
    return time.monotonic() - start


def children(server: RealServer) -> set[int]:
    """Of every thread of the server."""
    found: set[int] = set()
    for task in Path(f"/proc/{server.process.pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread may end while it is looked at
            found.update(map(int, task.read_text().split()))
    return found


def wait_for_child(server: RealServer) -> int:
    until = time.monotonic() + WAIT
    while not (found := children(server)):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found.pop()


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def wait_until_gone(pids: set[int]) -> None:
    until = time.monotonic() + 10
    while any(map(runs, pids)):
        assert time.monotonic() < until, f"still there: {pids}"
        time.sleep(0.01)


def refusal_of(call: Any) -> Refusal:
    error = call.exception(timeout=WAIT)
    assert isinstance(error, grpc.RpcError)
    return Refusal.of(error)


def test_searches_go_on_while_queries_run_away_and_are_killed(server: RealServer) -> None:
    calls = [server.graph.QueryGraph.future(RUNAWAY, timeout=3) for _ in range(2)]
    wait_for_child(server)

    slowest = max(search_takes(server) for _ in range(5))

    assert slowest < 3  # the queries are still running
    found = {(refusal_of(call).code.name, refusal_of(call).info.reason) for call in calls}
    assert found == {("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")}
    wait_until_gone(children(server))
    assert server.graph.QueryGraph(QUICK, timeout=WAIT).boolean is True


def test_a_query_whose_process_is_killed_can_be_asked_again(server: RealServer) -> None:
    call = server.graph.QueryGraph.future(RUNAWAY, timeout=WAIT)
    child = wait_for_child(server)
    time.sleep(0.5)  # it has begun

    os.kill(child, signal.SIGKILL)

    refusal = refusal_of(call)
    assert (refusal.code.name, refusal.info.reason) == ("UNAVAILABLE", "QUERY_ENDED")
    assert refusal.info.metadata["status"] == "-9"
    assert server.graph.QueryGraph(QUICK, timeout=WAIT).boolean is True
    search_takes(server)


def test_a_swap_leaves_a_running_query_alone(server: RealServer) -> None:
    call = server.graph.QueryGraph.future(RUNAWAY, timeout=WAIT)
    child = wait_for_child(server)
    before = server.graph.QueryGraph(QUICK, timeout=WAIT)

    server.generations.ActivateGeneration(
        generation.ActivateGenerationRequest(generation_id=SECOND), timeout=WAIT
    )
    after = server.graph.QueryGraph(QUICK, timeout=WAIT)

    assert (before.generation_id, after.generation_id) == (FIRST, SECOND)
    assert runs(child)
    assert not call.done()
    call.cancel()
    wait_until_gone({child})


def test_a_killed_server_leaves_no_process_behind(ending_server: RealServer) -> None:
    """One process is in the midst of a query and cannot notice that its pipe closed; the other waits."""
    call = ending_server.graph.QueryGraph.future(RUNAWAY, timeout=WAIT)
    wait_for_child(ending_server)
    assert ending_server.graph.QueryGraph(QUICK, timeout=WAIT).boolean is True
    left = children(ending_server)
    assert len(left) == 2
    assert not call.done()

    ending_server.process.send_signal(signal.SIGKILL)
    ending_server.process.wait(WAIT)

    wait_until_gone(left)


def test_a_server_that_is_told_to_stop_ends_its_processes(ending_server: RealServer) -> None:
    assert ending_server.graph.QueryGraph(QUICK, timeout=WAIT).boolean is True
    left = children(ending_server)
    assert left

    ending_server.process.send_signal(signal.SIGTERM)

    assert ending_server.process.wait(WAIT) == 0
    wait_until_gone(left)
