"""Several server processes behind one port, as an operator runs them: `serve --processes 2`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from engine.generation import DataFolder
from tests.integration.calls import activate
from tests.integration.commands import typed
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.small_shop import active_generation, link_generation, rewrite
from tests.stubs import Stubs

CONNECTIONS = 24
"""That all of them go to one of two processes happens once in eight million times."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, sample_data: Path, small_data: Path) -> TwoGenerations:
    return TwoGenerations.link(tmp_path_factory.mktemp("many") / "data", sample_data, small_data)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, data: TwoGenerations) -> Iterator[RealServer]:
    flags = ("--processes", "2", "--drain-grace", "0")
    with real_server(data.data, tmp_path_factory.mktemp("processes"), *flags) as running:
        yield running


@dataclass(frozen=True)
class Caller(Stubs):
    channel: grpc.Channel


@contextmanager
def connections(server: RealServer) -> Iterator[Sequence[Caller]]:
    """Callers with a connection each, which the kernel spreads over the processes."""
    own = [("grpc.use_local_subchannel_pool", 1)]
    with ExitStack() as channels:
        yield [
            Caller(channels.enter_context(grpc.insecure_channel(server.address, options=own)))
            for _ in range(CONNECTIONS)
        ]


def statuses(server: RealServer) -> list[generation.GetServingStatusResponse]:
    request = generation.GetServingStatusRequest()
    with connections(server) as callers:
        return [caller.generations.GetServingStatus(request, timeout=WAIT) for caller in callers]


def processes(server: RealServer) -> set[int]:
    """When they began to serve, in nanoseconds: no two at the same time."""
    return {each.serving_since_time.ToNanoseconds() for each in statuses(server)}


def children(server: RealServer) -> list[Path]:
    """Their folders in /proc."""
    found: set[Path] = set()
    for task in Path(f"/proc/{server.process.pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread may end while it is looked at
            found.update(Path("/proc", pid) for pid in task.read_text().split())
    return sorted(found)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_connections_spread_over_the_processes(many: RealServer) -> None:
    assert len(children(many)) == 2
    assert len(processes(many)) == 2


@contextmanager
def each_process(server: RealServer) -> Iterator[Sequence[Caller]]:
    """A caller of each one, by its own port."""
    _, *own = (server.log.parent / "port").read_text().split()
    with ExitStack() as channels:
        yield [Caller(channels.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))) for port in own]


def test_each_process_has_a_port_of_its_own_for_callers_that_balance(many: RealServer) -> None:
    shared = (many.log.parent / "port").read_text().split()[0]

    assert many.address.endswith(f":{shared}")
    with each_process(many) as callers:
        request = generation.GetServingStatusRequest()
        answers = [caller.generations.GetServingStatus(request, timeout=WAIT) for caller in callers]
    assert {each.serving_since_time.ToNanoseconds() for each in answers} == processes(many)


def pen(version: int) -> product_pb2.Product:
    price = product_pb2.Money(currency_code="EUR", units=version)
    return product_pb2.Product(id="PEN-1", title=f"Zanzibar fountain pen {version}", price=price)


def written(caller: Caller, version: int) -> int:
    """The sequence of the change."""
    upsert = catalog.ProductUpsert(product=pen(version))
    answer = caller.catalog.UpsertProducts(catalog.UpsertProductsRequest(upserts=[upsert]), timeout=WAIT)
    return int(answer.outcomes[0].sequence)


def found(caller: Caller) -> list[str]:
    request = search.SearchProductsRequest(query="zanzibar fountain pen", page_size=1)
    answer = caller.search.SearchProducts(request, timeout=WAIT)
    return [each.product.title for each in answer.results]


def finds(caller: Caller, version: int) -> bool:
    return found(caller) == [pen(version).title]


def test_what_one_process_is_told_the_other_finds(many: RealServer) -> None:
    with each_process(many) as (first, second):
        for version, (one, other) in enumerate([(first, second), (second, first)], start=1):
            written(one, version)

            assert finds(one, version)
            until(partial(finds, other, version))


def test_processes_write_by_turns_and_agree_in_the_end(many: RealServer) -> None:
    with each_process(many) as callers, ThreadPoolExecutor(4) as threads:
        versions = range(10, 50)
        sequences = list(threads.map(lambda version: written(callers[version % 2], version), versions))

        assert sorted(sequences) == list(range(min(sequences), min(sequences) + len(versions)))
        last = versions[sequences.index(max(sequences))]
        until(lambda: all(finds(caller, last) for caller in callers))


def test_a_swap_in_one_process_is_followed_by_the_other(many: RealServer, data: TwoGenerations) -> None:
    def serve_everywhere(wanted: str) -> bool:
        return {each.generation.id for each in statuses(many)} == {wanted}

    for wanted in (data.small, data.sample):
        activate(many, wanted)

        until(partial(serve_everywhere, wanted))


def test_a_killed_process_is_started_again_while_the_other_answers(many: RealServer) -> None:
    before, killed = processes(many), children(many)[0]
    os.kill(int(killed.name), signal.SIGKILL)

    until(lambda: not killed.exists())
    assert processes(many) < before
    until(lambda: len(processes(many)) == 2)
    assert len(processes(many) & before) == 1


def test_a_signal_drains_all_and_the_exit_status_is_0(many: RealServer) -> None:
    """The last test of this server."""
    started = children(many)
    many.process.send_signal(signal.SIGTERM)

    assert many.process.wait(WAIT) == 0
    assert not any(child.exists() for child in started)


def test_no_process_outlives_its_parent(data: TwoGenerations, tmp_path: Path) -> None:
    with real_server(data.data, tmp_path, "--processes", "2", "--drain-grace", "0") as server:
        started = children(server)
        server.process.kill()

        until(lambda: not any(child.exists() for child in started))


def test_a_process_that_cannot_start_stops_the_server_with_one_sentence(
    small_data: Path, tmp_path: Path
) -> None:
    broken = link_generation(active_generation(small_data), tmp_path / "data")
    DataFolder(tmp_path / "data").activate(broken.id)
    index = broken.part("vectors") / "index.faiss"
    rewrite(index, bytes(index.stat().st_size))

    flags = ("--processes", "2", "--no-verify", "--port", "0", "--metrics-port", "0")
    outcome = typed("engine", "serve", "--data", str(tmp_path / "data"), *flags)

    assert outcome.code == 1
    assert "index.faiss" in outcome.err
    assert "A server process could not start" in outcome.err
    assert "Traceback" not in outcome.err
