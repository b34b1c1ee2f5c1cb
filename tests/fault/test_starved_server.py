"""A server that the system refuses files: changes are refused in one sentence, searches go on, and when the cause
is gone so are the refusals.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.generation import DataFolder
from tests.integration.calls import ask
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal
from tests.small_shop import active_generation, link_generation

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sets limits of another process")

REASONS = ("STORAGE_FULL", "STORAGE_FAILED", "FAILED_PRECONDITION")


@pytest.fixture
def server(tmp_path: Path, small_data: Path) -> Iterator[RealServer]:
    """One that nobody has written to: it has to open whatever writing needs."""
    data = tmp_path / "data"
    DataFolder(data).activate(link_generation(active_generation(small_data), data).id)
    with real_server(data, tmp_path) as running:
        yield running


@contextmanager
def limited(server: RealServer, kind: int, most: int) -> Iterator[None]:
    before = resource.prlimit(server.process.pid, kind)
    resource.prlimit(server.process.pid, kind, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, kind, before)


def first_free_handle(server: RealServer) -> int:
    taken = {int(path.name) for path in Path(f"/proc/{server.process.pid}/fd").iterdir()}
    return next(number for number in count() if number not in taken)


def upsert(server: RealServer, product_id: str) -> None:
    product = product_pb2.Product(id=product_id, title=f"Zanzibar teapot {product_id}")
    request = catalog.UpsertProductsRequest(upserts=[{"product": product}], request_id=product_id)
    server.catalog.UpsertProducts(request, timeout=WAIT)


def refusal(server: RealServer, product_id: str) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        upsert(server, product_id)
    return Refusal.of(raised.value)


def found(server: RealServer, query: str) -> set[str]:
    request = search.SearchProductsRequest(query=query, page_size=50, skip_cache=True)
    return {result.product.id for result in ask(server, request).results}


def test_without_a_file_handle_changes_are_refused_and_searches_go_on(server: RealServer) -> None:
    with limited(server, resource.RLIMIT_NOFILE, first_free_handle(server)):
        refused = [refusal(server, f"T-{number}") for number in range(3)]
        assert "OFF-0001" in found(server, "printer")

    assert {each.info.reason for each in refused} <= set(REASONS)
    assert any("no file handle left" in each.message for each in refused)
    for number in range(3):
        upsert(server, f"T-{number}")
    assert {"T-0", "T-1", "T-2"} <= found(server, "zanzibar teapot")


@pytest.mark.parametrize("written_before", [False, True], ids=["at the first change", "later"])
def test_on_a_full_disk_changes_are_refused_and_searches_go_on(
    server: RealServer, written_before: bool
) -> None:
    """No file may grow, which is what a full disk comes to."""
    if written_before:
        upsert(server, "T-0")
    with limited(server, resource.RLIMIT_FSIZE, 1):
        refused = [refusal(server, f"T-{number}") for number in range(1, 4)]
        assert "OFF-0001" in found(server, "printer")
        assert ("T-0" in found(server, "zanzibar teapot")) == written_before

    assert {each.info.reason for each in refused} <= set(REASONS)
    for number in range(1, 4):
        upsert(server, f"T-{number}")
    assert {"T-1", "T-2", "T-3"} <= found(server, "zanzibar teapot")
