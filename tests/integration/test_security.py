"""A server as an operator secures it: TLS, a keys file that `key` writes, a JWKS file, an audit log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import search_service_pb2 as search
from tests.certificates import Authority
from tests.integration.calls import SMALL_QUERY
from tests.integration.commands import typed
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal, channel_to
from tests.signer import AUDIENCE, ISSUER, Signer
from tests.stubs import Stubs

OURS, OTHERS = Authority("ours"), Authority("others")
SIGNER, NEXT_SIGNER = Signer("EdDSA", "k1"), Signer("RS256", "k2")
QUERY = search.SearchProductsRequest(query=SMALL_QUERY)


@dataclass(frozen=True)
class Caller(Stubs):
    channel: grpc.Channel


@dataclass(frozen=True)
class Secured:
    """A running server and the folder of its files."""

    folder: Path
    server: RealServer

    def key(self, *arguments: str) -> str:
        """What `python -m engine key` prints."""
        outcome = typed("engine", "key", *arguments, "--keys", str(self.folder / "keys.json"))
        assert (outcome.code, outcome.err) == (0, "")
        return outcome.out.strip()

    def search(self, text: str) -> int:
        metadata = (("authorization", f"Bearer {text}"),)
        return len(self.server.search.SearchProducts(QUERY, timeout=WAIT, metadata=metadata).results)

    def reason(self, text: str) -> str:
        """Why a search with these credentials is refused; empty when it is answered."""
        try:
            self.search(text)
        except grpc.RpcError as error:
            return str(Refusal.of(error).info.reason)
        return ""

    def log(self) -> str:
        return self.server.log.read_text()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    OURS.issue().write(folder, "server")
    SIGNER.write_jwks(folder / "jwks.json")
    assert typed("engine", "key", "create", "first", "--keys", str(folder / "keys.json")).code == 0
    flags = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--keys", "keys.json"]
    flags += ["--jwks", "jwks.json", "--audit-log", "audit.jsonl", "--key-usage", "usage"]
    paths = [flag if flag.startswith("--") else str(folder / flag) for flag in flags]
    paths += ["--jwt-audience", AUDIENCE, "--jwt-issuer", ISSUER, "--log-level", "debug"]
    with real_server(
        small_data, folder, *paths, credentials=grpc.ssl_channel_credentials(OURS.cert)
    ) as server:
        yield Secured(folder, server)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_key_works_from_its_creation_to_its_revocation_without_a_restart(secured: Secured) -> None:
    text = secured.key("create", "web-shop")
    until(lambda: secured.reason(text) == "")

    secured.key("revoke", "web-shop")
    until(lambda: secured.reason(text) == "CREDENTIALS_INVALID")


def test_following_changes_needs_a_key_with_a_scope_of_its_own(secured: Secured) -> None:
    def first_or_reason(*metadata: tuple[str, str]) -> str:
        call = secured.server.catalog.WatchChanges(
            catalog.WatchChangesRequest(), timeout=WAIT, metadata=metadata
        )
        try:
            return f"sequence {next(call).last_sequence}"
        except grpc.RpcError as error:
            return str(Refusal.of(error).info.reason)
        finally:
            call.cancel()

    writer = secured.key("create", "writer", "--scope", "write")
    replica = secured.key("create", "replica", "--scope", "follow")

    until(lambda: first_or_reason(("x-api-key", replica)) == "sequence 0")
    assert first_or_reason(("x-api-key", writer)) == "SCOPE_MISSING"
    assert first_or_reason() == "CREDENTIALS_MISSING"
    until(lambda: '"method": "WatchChanges"' in (secured.folder / "audit.jsonl").read_text())


def test_the_keys_file_holds_no_key_and_is_for_its_owner_alone(secured: Secured) -> None:
    text = secured.key("create", "kept")
    path = secured.folder / "keys.json"

    assert text.rpartition("_")[2] not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    listed = secured.key("list")
    assert "kept" in listed
    assert text.rpartition("_")[2] not in listed


def test_a_broken_keys_file_keeps_the_old_keys_and_is_told(secured: Secured) -> None:
    text = secured.key("create", "steady")
    until(lambda: secured.reason(text) == "")
    path = secured.folder / "keys.json"
    before = path.read_bytes()

    path.write_text("{")
    until(lambda: "file not reloaded" in secured.log())
    assert secured.reason(text) == ""
    path.write_bytes(before)


def test_a_limit_holds_and_is_told_with_a_delay(secured: Secured) -> None:
    text = secured.key("create", "few", "--calls-per-day", "2")
    until(lambda: secured.reason(text) == "")

    assert [secured.reason(text) for _ in range(3)] == ["", "QUOTA", "QUOTA"]


def test_a_new_signer_s_tokens_are_taken_and_the_old_one_s_no_more(secured: Secured) -> None:
    assert secured.reason(SIGNER.token()) == ""
    assert secured.reason(NEXT_SIGNER.token()) == "CREDENTIALS_INVALID"

    NEXT_SIGNER.write_jwks(secured.folder / "jwks.json")
    until(lambda: secured.reason(NEXT_SIGNER.token()) == "")
    assert secured.reason(SIGNER.token()) == "CREDENTIALS_INVALID"
    SIGNER.write_jwks(secured.folder / "jwks.json")
    until(lambda: secured.reason(SIGNER.token()) == "")


def test_a_new_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(secured: Secured) -> None:
    def answers(authority: Authority) -> bool:
        credentials = grpc.ssl_channel_credentials(authority.cert)
        with channel_to(secured.server.address, credentials) as channel:
            try:
                Caller(channel).search.SearchProducts(QUERY, timeout=WAIT)
            except grpc.RpcError as error:
                # Connected, and asked for a key; or there was no connection.
                return error.code() is grpc.StatusCode.UNAUTHENTICATED
        raise AssertionError("a caller without a key was answered")

    assert answers(OURS)
    assert not answers(OTHERS)
    OTHERS.issue().write(secured.folder, "server")
    until(lambda: answers(OTHERS))
    (secured.folder / "server.key").write_text("half of a key")
    until(lambda: "is no PEM key without a password" in secured.log())
    assert answers(OTHERS)
    OURS.issue().write(secured.folder, "server")
    until(lambda: answers(OURS))


def test_administration_is_in_the_audit_log_and_no_secret_in_any_file(secured: Secured) -> None:
    text = secured.key("create", "operator", "--scope", "admin")
    until(lambda: secured.reason(text) == "SCOPE_MISSING")  # known, and not for searching
    metadata = (("authorization", f"Bearer {text}"), ("x-request-id", "audit-1"))

    secured.server.generations.GetServingStatus(
        generation.GetServingStatusRequest(), timeout=WAIT, metadata=metadata
    )

    lines = [json.loads(line) for line in (secured.folder / "audit.jsonl").read_text().splitlines()]
    (line,) = [line for line in lines if line["request_id"] == "audit-1"]
    assert (line["caller"], line["method"], line["outcome"]) == ("operator", "GetServingStatus", "OK")
    secret = text.rpartition("_")[2]
    for path in secured.folder.iterdir():
        assert secret.encode() not in path.read_bytes(), path.name


def test_the_search_command_brings_key_and_authority(secured: Secured) -> None:
    key_file = secured.folder / "web.key"
    key_file.write_text(secured.key("create", "command") + "\n")
    authority = secured.folder / "ca.pem"
    authority.write_bytes(OURS.cert)
    target = ["search", SMALL_QUERY, "--target", secured.server.address]
    until(lambda: secured.reason(key_file.read_text().strip()) == "")

    found = typed("engine", *target, "--tls-ca", str(authority), "--api-key-file", str(key_file))
    without_key = typed("engine", *target, "--tls-ca", str(authority))
    authority.write_bytes(OTHERS.cert)
    wrong_authority = typed("engine", *target, "--tls-ca", str(authority))

    assert found.code == 0, found.err
    assert "rank" in found.out
    assert "names no caller" in without_key.sentence()
    *_, sentence = wrong_authority.err.splitlines()  # gRPC's own log stands before it
    assert wrong_authority.code == 1
    assert "cannot agree on TLS" in sentence


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--host", "0.0.0.0"], "would answer anybody who reaches 0.0.0.0"),  # noqa: S104 (refused)
        (["--tls-cert", "a.pem"], "belong together"),
        (["--tls-client-ca", "a.pem"], "needs --tls-cert"),
        (["--tls-cert", "a.pem", "--tls-key", "a.key"], "a.pem cannot be read: No such file"),
        (["--keys", "nowhere.json"], "nowhere.json cannot be read"),
        (["--jwks", "nowhere.json"], "--jwks needs --jwt-audience"),
        (["--jwt-audience", "x"], "need --jwks"),
    ],
)
def test_settings_that_would_not_secure_anything_are_one_sentence(
    tmp_path: Path, small_data: Path, flags: list[str], says: str, processes: str
) -> None:
    outcome = typed(
        "engine", "serve", "--data", str(small_data), "--port", "0", "--no-metrics", *flags,
        "--processes", processes,
    )  # fmt: skip

    assert says in outcome.sentence()


def test_processes_count_a_key_s_calls_together(tmp_path: Path, small_data: Path) -> None:
    keys = tmp_path / "keys.json"
    text = typed("engine", "key", "create", "k", "--calls-per-day", "20", "--keys", str(keys)).out.strip()
    metadata = (("authorization", f"Bearer {text}"),)
    answered, refused = 0, list[str]()
    with real_server(small_data, tmp_path, "--processes", "2", "--keys", str(keys)) as server:
        for _ in range(40):  # each over a connection of its own, which goes to either process
            with channel_to(server.address) as channel:
                try:
                    Caller(channel).search.SearchProducts(QUERY, timeout=WAIT, metadata=metadata)
                    answered += 1
                except grpc.RpcError as error:
                    refused.append(Refusal.of(error).info.reason)

    assert answered == 20
    assert refused == ["QUOTA"] * 20
