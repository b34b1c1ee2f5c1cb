"""Who is let in: a server that asks for keys and tokens, over a real socket."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import search_service_pb2 as search
from engine.rpc.security import Security
from engine.security.access import Access
from engine.security.audit import AuditLog
from engine.security.key_file import KeyRecord
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.reload import Reloaded
from engine.security.scopes import Scope
from engine.security.secret import NewKey, digest_of
from engine.security.tokens import Tokens
from engine.security.usage import Usage
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running
from tests.signer import AUDIENCE, ISSUER, Signer

CHAIR = search.SearchProductsRequest(query="garden chair of my aunt")
STATUS = generation.GetServingStatusRequest()
NOW = datetime.now(UTC)
SIGNER = Signer("ES256")
SHOP, OPERATOR, OLD, SLOW, FEW = (NewKey.make() for _ in range(5))
STRANGER = NewKey.make()

Metadata = Sequence[tuple[str, str]]


def record(key: NewKey, name: str, *scopes: Scope, **more: object) -> KeyRecord:
    values = {"id": key.id, "name": name, "sha256": digest_of(key.text).hex(), "created": NOW, **more}
    return KeyRecord.model_validate({**values, "scopes": frozenset(scopes)})


RECORDS = (
    record(SHOP, "shop", Scope.SEARCH),
    record(OPERATOR, "operator", Scope.ADMIN),
    record(OLD, "old", Scope.SEARCH, expires=NOW - timedelta(seconds=1)),
    record(SLOW, "slow", Scope.SEARCH, calls_per_second=0.5),
    record(FEW, "few", Scope.SEARCH, calls_per_day=3),
)


def with_key(key: NewKey | str) -> Metadata:
    return (("authorization", f"Bearer {key.text if isinstance(key, NewKey) else key}"),)


def security(folder: Path) -> Security:
    return security_of(RECORDS, folder)


def security_of(records: Sequence[KeyRecord], folder: Path) -> Security:
    jwks = SIGNER.write_jwks(folder / "jwks.json")
    keys = Reloaded((), lambda: Keys.of(records))
    tokens = Reloaded((), lambda: Tokens.read(jwks, AUDIENCE, ISSUER))
    access = Access(keys, tokens, Limiter(Usage()))
    return Security(access, audit=AuditLog(folder / "audit.jsonl"))


@pytest.fixture
def server(tmp_path: Path, log: io.StringIO) -> Iterator[Running]:
    with running(FakeEngine(), security=security(tmp_path)) as started:
        yield started


def audited(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]


def refused(call: Callable[..., object], request: object, metadata: Metadata | None) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=WAIT, metadata=metadata)
    return Refusal.of(raised.value)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (None, "CREDENTIALS_MISSING"),
        ((("authorization", "Basic c2hvcDpzZWNyZXQ="),), "CREDENTIALS_MISSING"),
        (with_key(STRANGER), "CREDENTIALS_INVALID"),
        (with_key(SHOP.text[:-1] + "!"), "CREDENTIALS_INVALID"),
        (with_key(OLD), "CREDENTIALS_EXPIRED"),
        (with_key("no.such.token"), "CREDENTIALS_INVALID"),
        (with_key(Signer("ES256").token()), "CREDENTIALS_INVALID"),
        (with_key(SIGNER.token(aud="another")), "CREDENTIALS_INVALID"),
        (with_key(SIGNER.token(exp=int(NOW.timestamp()) - 3_600)), "CREDENTIALS_EXPIRED"),
        (with_key(SIGNER.unsigned()), "CREDENTIALS_INVALID"),
        (with_key(SIGNER.signed_with_the_public_key_as_secret()), "CREDENTIALS_INVALID"),
    ],
    ids=[
        "none",
        "another scheme",
        "unknown key",
        "wrong key",
        "expired key",
        "no token",
        "token of a stranger",
        "token for another audience",
        "expired token",
        "alg none",
        "HMAC with the public key",
    ],
)
def test_who_is_not_known_is_unauthenticated_for_every_call_and_does_no_work(
    server: Running, metadata: Metadata | None, reason: str, log: io.StringIO
) -> None:
    for call, request in (
        (server.search.SearchProducts, CHAIR),
        (server.generations.RollBackGeneration, generation.RollBackGenerationRequest()),
    ):
        refusal = refused(call, request, metadata)
        assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)
        assert refusal.request_id

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["reason"] for line in lines if line["event"] == "call refused"] == [reason, reason]
    assert [line for line in lines if line["event"] == "call"] == []


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_key_opens_what_its_scopes_say(server: Running, header: str) -> None:
    text = f"Bearer {SHOP.text}" if header == "authorization" else SHOP.text

    answer = server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=((header, text),))

    assert len(answer.results) == 1


def test_a_token_opens_what_its_scopes_say(server: Running) -> None:
    metadata = with_key(SIGNER.token(scope="search"))

    assert len(server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=metadata).results) == 1
    refusal = refused(server.generations.GetServingStatus, STATUS, metadata)
    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")


def test_a_wrong_scope_is_denied_naming_the_right_one(server: Running) -> None:
    refusal = refused(server.generations.GetServingStatus, STATUS, with_key(SHOP))

    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
    assert dict(refusal.info.metadata) == {"scope": "admin"}
    assert server.generations.GetServingStatus(STATUS, timeout=WAIT, metadata=with_key(OPERATOR)).device
    assert refused(server.search.SearchProducts, CHAIR, with_key(OPERATOR)).info.metadata["scope"] == "search"


def test_over_the_rate_a_caller_is_told_when_to_come_back(server: Running) -> None:
    server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=with_key(SLOW))

    refusal = refused(server.search.SearchProducts, CHAIR, with_key(SLOW))

    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMIT")
    assert refusal.retry_after is not None
    assert 0 < refusal.retry_after <= 2  # one call every two seconds
    server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=with_key(SHOP))  # others are not held up


def test_a_batch_counts_as_many_as_it_holds_against_the_quota(server: Running) -> None:
    batch = search.BatchSearchProductsRequest(requests=[CHAIR] * 3)
    server.search.BatchSearchProducts(batch, timeout=WAIT, metadata=with_key(FEW))

    refusal = refused(server.search.SearchProducts, CHAIR, with_key(FEW))

    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA")
    assert refusal.retry_after is not None
    assert 0 < refusal.retry_after <= 86_400


def test_health_is_open_to_balancers_that_hold_no_key(server: Running) -> None:
    assert server.health() == "SERVING"
    assert server.health("cartograph.v1.SearchService") == "SERVING"


def test_reflection_needs_a_key(server: Running) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        ProtoReflectionDescriptorDatabase(server.channel).get_services()

    assert Refusal.of(raised.value).info.reason == "CREDENTIALS_MISSING"


def test_reflection_can_be_switched_off(tmp_path: Path) -> None:
    with (
        running(FakeEngine(), security=Security(reflection=False)) as server,
        pytest.raises(grpc.RpcError) as raised,
    ):
        ProtoReflectionDescriptorDatabase(server.channel).get_services()

    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_administration_is_recorded_with_who_what_and_how_it_ended(server: Running, tmp_path: Path) -> None:
    activate = generation.ActivateGenerationRequest(generation_id="g-old")
    server.generations.ActivateGeneration(
        activate, timeout=WAIT, metadata=(*with_key(OPERATOR), ("x-request-id", "r-1"))
    )
    activate.generation_id = "g-none"
    refused(server.generations.ActivateGeneration, activate, with_key(OPERATOR))
    refused(server.generations.ActivateGeneration, activate, with_key(SHOP))
    refused(server.generations.ActivateGeneration, activate, None)
    server.search.SearchProducts(CHAIR, timeout=WAIT, metadata=with_key(SHOP))
    server.catalog.GetProduct(
        catalog.GetProductRequest(product_id="c-1"), timeout=WAIT, metadata=with_key(SHOP)
    )

    lines = audited(tmp_path)

    assert [(line["caller"], line["key_id"], line["outcome"], line["reason"]) for line in lines] == [
        ("operator", OPERATOR.id, "OK", ""),
        ("operator", OPERATOR.id, "NOT_FOUND", "NOT_FOUND"),
        ("shop", SHOP.id, "PERMISSION_DENIED", "SCOPE_MISSING"),
        ("", "", "UNAUTHENTICATED", "CREDENTIALS_MISSING"),
    ]
    assert {line["method"] for line in lines} == {"ActivateGeneration"}
    assert (lines[0]["request_id"], lines[0]["generation"]) == ("r-1", "g-old")
    assert all(line["peer"].startswith("ipv4:127.0.0.1:") for line in lines)


def test_no_secret_is_in_any_line_and_no_word_of_a_shopper_in_the_audit(
    server: Running, tmp_path: Path, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = SIGNER.token(scope="admin search"), Signer("RS256").token()
    sent = [key.text for key in (SHOP, OPERATOR, OLD, STRANGER)] + [SHOP.text[:-1], good, bad]
    for text in sent:
        for header in ("authorization", "x-api-key"):
            metadata = ((header, f"Bearer {text}" if header == "authorization" else text),)
            for call, request in (
                (server.search.SearchProducts, CHAIR),
                (server.search.SearchProducts, search.SearchProductsRequest(query="x", filter="(")),
                (server.generations.GetServingStatus, STATUS),
            ):
                call.future(request, timeout=WAIT, metadata=metadata).exception(timeout=WAIT)
    server.server.drain(grace=0, timeout=WAIT)

    written = log.getvalue() + (tmp_path / "audit.jsonl").read_text() + "".join(capfd.readouterr())

    assert len(written.splitlines()) > len(sent) * 6  # a line at least for each call
    for text in sent:
        secret = text.removeprefix(f"cartograph_{text[11:27]}_")
        assert secret not in written
        assert secret[:20] not in written
    assert "my aunt" in log.getvalue()  # of a log at the level debug
    assert "my aunt" not in (tmp_path / "audit.jsonl").read_text()


def test_without_access_everybody_is_let_in_and_administration_still_recorded(tmp_path: Path) -> None:
    with running(FakeEngine(), security=Security(audit=AuditLog(tmp_path / "audit.jsonl"))) as server:
        server.search.SearchProducts(CHAIR, timeout=WAIT)
        server.generations.GetServingStatus(STATUS, timeout=WAIT)

    assert [(line["caller"], line["method"]) for line in audited(tmp_path)] == [("", "GetServingStatus")]
