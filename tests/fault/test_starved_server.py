"""A server that the system refuses files: changes are refused in one sentence, searches go on, and when the
cause is gone so are the refusals.
"""

from __future__ import annotations

import resource
import sys
import time
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
    """Of those that are not taken for a moment only."""
    folder, found = Path(f"/proc/{server.process.pid}/fd"), set()
    for _ in range(10):
        taken = {int(path.name) for path in folder.iterdir()}
        found.add(next(number for number in count() if number not in taken))
        time.sleep(0.02)
    return min(found)


def upsert(server: RealServer, product_id: str) -> None:
    product = product_pb2.Product(id=product_id, title=f"Zanzibar teapot {product_id}")
    request = catalog.UpsertProductsRequest(upserts=[{"product": product}], request_id=product_id)
    server.catalog.UpsertProducts(request, timeout=WAIT)


def lower_the_price(server: RealServer) -> None:
    """A change that needs the log and no words."""
    product = {"id": "OFF-0001", "price": {"currency_code": "EUR", "units": 1}}
    patch = {"product": product, "update_mask": {"paths": ["price"]}}
    server.catalog.PatchProducts(catalog.PatchProductsRequest(patches=[patch]), timeout=WAIT)


def refusals(server: RealServer, *product_ids: str) -> list[Refusal]:
    """Each of an upsert with new words, while searches go on."""
    found_so_far = found(server, "zanzibar teapot")
    refused = []
    for product_id in product_ids:
        with pytest.raises(grpc.RpcError) as raised:
            upsert(server, product_id)
        refused.append(Refusal.of(raised.value))
    assert {each.info.reason for each in refused} <= set(REASONS)
    assert found(server, "zanzibar teapot") == found_so_far
    return refused


def found(server: RealServer, query: str) -> set[str]:
    request = search.SearchProductsRequest(query=query, page_size=50, skip_cache=True)
    return {result.product.id for result in ask(server, request).results}


def test_changes_are_refused_while_there_is_no_handle_or_no_space_and_searches_go_on(
    server: RealServer,
) -> None:
    """No file may grow, which is what a full disk comes to. Calls that were refused are made again, with
    their request ids, since a change may be on the disk already when its words find no room.
    """
    with limited(server, resource.RLIMIT_NOFILE, first_free_handle(server)):
        at_the_first_change = refusals(server, "T-0", "T-1")
    lower_the_price(server)
    with limited(server, resource.RLIMIT_NOFILE, first_free_handle(server)):
        at_the_first_words = refusals(server, "T-0", "T-1")
    for product_id in ("T-0", "T-1"):
        upsert(server, product_id)
        assert product_id in found(server, "zanzibar teapot")
    with limited(server, resource.RLIMIT_FSIZE, 1):
        refusals(server, "T-2", "T-3")
    for product_id in ("T-2", "T-3"):
        upsert(server, product_id)

    assert {"T-0", "T-1", "T-2", "T-3"} <= found(server, "zanzibar teapot")
    for each in (*at_the_first_change, *at_the_first_words):
        assert "no file handle left" in each.message
