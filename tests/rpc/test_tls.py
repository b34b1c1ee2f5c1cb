"""Encrypted connections, and certificates that are replaced while they serve."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import search_service_pb2 as search
from cartograph.v1 import search_service_pb2_grpc
from engine.rpc.security import Security
from engine.security.audit import AuditLog
from engine.security.certificates import Certificates
from engine.security.reload import Reloaded
from tests.certificates import Authority, Pair
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Running, channel_to, running

CHAIR = search.SearchProductsRequest(query="chair")
OURS, OTHERS, CLIENTS = Authority("ours"), Authority("others"), Authority("clients")


def trusting(authority: Authority, own: Pair | None = None) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        authority.cert, None if own is None else own.key, None if own is None else own.cert
    )


def results(server: Running, credentials: grpc.ChannelCredentials | None) -> int:
    """Of a search over a new connection. Raises what the caller sees."""
    with channel_to(f"127.0.0.1:{server.server.port}", credentials) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        return len(stub.SearchProducts(CHAIR, timeout=WAIT).results)


def assert_no_connection(server: Running, credentials: grpc.ChannelCredentials | None) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        results(server, credentials)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.fixture
def files(tmp_path: Path) -> Reloaded[Certificates]:
    return Reloaded(
        OURS.issue().write(tmp_path, "server"),
        partial(Certificates.read, tmp_path / "server.pem", tmp_path / "server.key"),
    )


@pytest.fixture
def server(files: Reloaded[Certificates]) -> Iterator[Running]:
    with running(FakeEngine(), security=Security(certificates=files), credentials=trusting(OURS)) as started:
        yield started


def test_a_caller_that_trusts_our_authority_is_answered(server: Running) -> None:
    assert results(server, trusting(OURS)) == 1


def test_a_caller_that_trusts_another_authority_gets_no_connection(server: Running) -> None:
    assert_no_connection(server, trusting(OTHERS))


def test_a_caller_without_encryption_gets_no_connection(server: Running) -> None:
    assert_no_connection(server, None)


def test_a_new_certificate_is_shown_to_new_connections_and_old_ones_go_on(
    server: Running, files: Reloaded[Certificates], tmp_path: Path
) -> None:
    server.search.SearchProducts(CHAIR, timeout=WAIT)

    OTHERS.issue().write(tmp_path, "server")
    files.refresh()
    files.refresh()

    assert results(server, trusting(OTHERS)) == 1
    assert_no_connection(server, trusting(OURS))
    assert len(server.search.SearchProducts(CHAIR, timeout=WAIT).results) == 1


@pytest.mark.parametrize("broken", ["server.pem", "server.key"])
def test_a_broken_new_certificate_keeps_the_old_one(
    server: Running, files: Reloaded[Certificates], tmp_path: Path, broken: str
) -> None:
    (tmp_path / broken).write_text("half of a file")
    for _ in range(3):
        files.refresh()

    assert results(server, trusting(OURS)) == 1


@pytest.fixture
def mutual(tmp_path: Path) -> Iterator[Running]:
    OURS.issue().write(tmp_path, "server")
    paths = (tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "clients.pem")
    paths[2].write_bytes(CLIENTS.cert)
    security = Security(
        certificates=Reloaded(paths, partial(Certificates.read, *paths)),
        audit=AuditLog(tmp_path / "audit.jsonl"),
    )
    own = trusting(OURS, CLIENTS.issue("back office"))
    with running(FakeEngine(), security=security, credentials=own) as started:
        yield started


def test_mutual_tls_answers_who_shows_a_certificate_and_records_its_name(
    mutual: Running, tmp_path: Path
) -> None:
    mutual.generations.GetServingStatus(generation.GetServingStatusRequest(), timeout=WAIT)

    assert json.loads((tmp_path / "audit.jsonl").read_text())["caller"] == "back office"


def test_mutual_tls_gives_no_connection_to_who_shows_none_or_a_wrong_one(mutual: Running) -> None:
    assert_no_connection(mutual, trusting(OURS))
    assert_no_connection(mutual, trusting(OURS, OTHERS.issue("back office")))
    assert_no_connection(mutual, trusting(OURS, CLIENTS.issue("back office", days=-1)))
    start = time.monotonic()
    assert results(mutual, trusting(OURS, CLIENTS.issue("back office"))) == 1
    assert time.monotonic() - start < WAIT / 2
