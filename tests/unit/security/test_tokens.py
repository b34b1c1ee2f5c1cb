"""Tokens that somebody else signed, and the known ways to forge one."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from engine.errors import ConfigError, ExpiredCredentialsError, InvalidCredentialsError
from engine.security.caller import Caller
from engine.security.scopes import Scope
from engine.security.tokens import LEEWAY, Tokens
from tests.signer import ALGORITHMS, AUDIENCE, ISSUER, Signer

SIGNERS = {algorithm: Signer(algorithm) for algorithm in ALGORITHMS}
SIGNER = SIGNERS["ES256"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jwks")


@pytest.fixture(scope="module")
def tokens(folder: Path) -> Tokens:
    return Tokens.read(SIGNER.write_jwks(folder / "es256.json"), AUDIENCE, ISSUER)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_says_who_calls_and_what_it_may(folder: Path, algorithm: str) -> None:
    signer = SIGNERS[algorithm]
    tokens = Tokens.read(signer.write_jwks(folder / "jwks.json"), AUDIENCE, ISSUER)

    caller = tokens.caller_of(signer.token(scope="openid search admin"))

    assert caller == Caller("backend@shop.example", frozenset({Scope.SEARCH, Scope.ADMIN}))


@pytest.mark.parametrize(
    ("claims", "collections"),
    [
        ({}, None),
        ({"collections": ["garden", "fashion"]}, frozenset({"garden", "fashion"})),
        ({"collections": []}, frozenset()),
    ],
    ids=["for all", "for some", "for none"],
)
def test_a_token_says_which_collections_it_is_for(
    tokens: Tokens, claims: dict[str, Any], collections: frozenset[str] | None
) -> None:
    assert tokens.caller_of(SIGNER.token(**claims)).collections == collections


def test_a_token_without_scopes_is_known_and_may_nothing(tokens: Tokens) -> None:
    assert tokens.caller_of(SIGNER.token(scope=None)).scopes == frozenset()


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-service"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"exp": None},
        {"exp": "soon"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 257},
        {"scope": ["search"]},
        {"collections": "garden"},
        {"collections": [1]},
        {"collections": {"garden": True}},
        {"nbf": int(time.time()) + 3_600},
    ],
    ids=repr,
)
def test_a_wrong_claim_is_invalid(tokens: Tokens, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidCredentialsError):
        tokens.caller_of(SIGNER.token(**claims))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "forge",
    [Signer.unsigned, Signer.signed_with_the_public_key_as_secret],
    ids=["alg none", "HMAC with the public key"],
)
def test_the_token_does_not_choose_the_algorithm(
    folder: Path, algorithm: str, forge: Callable[[Signer], str]
) -> None:
    signer = SIGNERS[algorithm]
    tokens = Tokens.read(signer.write_jwks(folder / "forged.json"), AUDIENCE, ISSUER)

    with pytest.raises(InvalidCredentialsError):
        tokens.caller_of(forge(signer))


def test_a_signature_of_somebody_else_is_invalid(tokens: Tokens) -> None:
    with pytest.raises(InvalidCredentialsError):
        tokens.caller_of(Signer("ES256").token())


def test_claims_changed_after_signing_are_invalid(tokens: Tokens) -> None:
    header, _, signature = SIGNER.token().split(".")
    _, claims, _ = SIGNER.token(scope="admin").split(".")

    with pytest.raises(InvalidCredentialsError):
        tokens.caller_of(f"{header}.{claims}.{signature}")


def test_a_token_expires_even_when_it_is_remembered(folder: Path) -> None:
    now = [time.time()]
    path = SIGNER.write_jwks(folder / "clock.json")
    key = Tokens.read(path, AUDIENCE)._keys
    tokens = Tokens(key, AUDIENCE, now=lambda: now[0])
    token = SIGNER.token(exp=int(now[0]) + 60)

    tokens.caller_of(token)
    now[0] += 60 + LEEWAY - 2  # clocks may differ by that
    tokens.caller_of(token)
    now[0] += 3
    with pytest.raises(ExpiredCredentialsError):
        tokens.caller_of(token)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_token_that_would_never_expire_is_invalid(tokens: Tokens, number: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        tokens.caller_of(SIGNER.token(exp=float(number)))


def test_deep_nesting_in_a_header_is_only_invalid(tokens: Tokens) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 10_000).decode()

    with pytest.raises(InvalidCredentialsError):
        tokens.caller_of(f"{deep}.e30.e30")


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode() + ".e30.x")))
def test_no_text_is_a_token_by_chance_and_none_breaks_it(text: str) -> None:
    tokens = Tokens({}, AUDIENCE)

    with pytest.raises(InvalidCredentialsError):
        tokens.caller_of(text)


def _jwks(*entries: dict[str, Any]) -> str:
    return json.dumps({"keys": entries})


SMALL_KEY = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 (to be refused)
SMALL = json.loads(RSAAlgorithm.to_jwk(SMALL_KEY.public_key()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is not JSON"),
        ("[]", "is not JSON"),
        ('{"keys": [1]}', "is not JSON"),
        (_jwks(), "holds no key"),
        (_jwks({**SIGNER.jwk, "use": "enc"}), "holds no key"),
        (_jwks({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}), "no kind that is accepted"),
        (_jwks({**SIGNER.jwk, "alg": "HS256"}), "no kind that is accepted"),
        (_jwks({**SIGNER.jwk, "crv": "P-521"}), "no kind that is accepted"),
        (_jwks({**SIGNER.jwk, "d": "AAAA"}), "is a private key"),
        (_jwks({**SIGNER.jwk, "x": "AAAA"}), "is damaged"),
        (_jwks(SMALL), "has 1024 bits"),
        (_jwks(SIGNER.jwk, SIGNER.jwk), "needs a kid of its own"),
        (_jwks({**SIGNER.jwk, "kid": ""}, SMALL), "needs a kid of its own"),
    ],
)
def test_a_file_that_would_let_in_too_many_or_none_is_refused(
    tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(content)

    with pytest.raises(ConfigError, match=says):
        Tokens.read(path, AUDIENCE)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json cannot be read: No such file"):
        Tokens.read(tmp_path / "nowhere.json", AUDIENCE)
