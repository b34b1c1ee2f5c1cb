"""Knows callers by JSON Web Tokens that somebody else has signed (RFC 7519, RFC 8725).

A public key decides the algorithm, never the token: one signed with `none`, or by HMAC with the public key as
its secret, finds no key that would verify it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from engine.errors import ConfigError, ExpiredCredentialsError, InvalidCredentialsError
from engine.security.caller import Caller
from engine.security.scopes import Scope

LEEWAY = 30.0
"""Seconds by which the clocks of signer and server may differ."""
_REMEMBERED = 1_024
"""Tokens whose signature need not be checked again; each is sent with many calls."""
_MAX_SUBJECT = 256
_MIN_RSA_BITS = 2_048
_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    expires: float


class Tokens:
    """What a JWKS file said when it was read. Safe to call from many threads."""

    def __init__(
        self,
        keys: Mapping[str, jwt.PyJWK],
        audience: str,
        issuer: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys, self._audience, self._issuer, self._now = keys, audience, issuer, now
        self._verified = lru_cache(_REMEMBERED)(self._verify)

    @classmethod
    def read(cls, path: Path, audience: str, issuer: str = "") -> Tokens:
        """Raises ConfigError."""
        return cls(_read_jwks(path), audience, issuer)

    def caller_of(self, token: str) -> Caller:
        """Raises InvalidCredentialsError, or ExpiredCredentialsError for a token that was once good."""
        verified = self._verified(token)
        if self._now() >= verified.expires + LEEWAY:
            raise ExpiredCredentialsError
        return verified.caller

    def _verify(self, token: str) -> _Verified:
        try:
            kid = jwt.get_unverified_header(token).get("kid", "")
            key = self._keys[kid]
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer or None,
                leeway=LEEWAY,
                options={"require": ["exp", "sub", "aud"], "verify_exp": False},  # told apart by caller_of
            )
            return _Verified(_caller(claims), _finite(claims["exp"]))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
            raise InvalidCredentialsError from None


def _caller(claims: Mapping[str, Any]) -> Caller:
    """Scopes that are not ours are for somebody else. Raises ValueError for claims of the wrong form."""
    subject, scope = claims["sub"], claims.get("scope", "")
    if not (isinstance(subject, str) and 0 < len(subject) <= _MAX_SUBJECT and isinstance(scope, str)):
        raise ValueError
    scopes = frozenset(Scope(word) for word in scope.split(" ") if word in tuple(Scope))
    return Caller(subject, scopes, collections=_collections(claims))


def _collections(claims: Mapping[str, Any]) -> frozenset[str] | None:
    """Without the claim it is for all; an empty list is for none. Raises ValueError for anything but a list
    of names.
    """
    if "collections" not in claims:
        return None
    names = claims["collections"]
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ValueError
    return frozenset(names)


def _finite(seconds: Any) -> float:
    """JSON as Python reads it has numbers that no clock reaches. Raises ValueError for those."""
    if not math.isfinite(value := float(seconds)):
        raise ValueError
    return value


def _read_jwks(path: Path) -> dict[str, jwt.PyJWK]:
    try:
        content = json.loads(path.read_bytes())
        entries = [entry for entry in content["keys"] if entry.get("use", "sig") == "sig"]
    except OSError as error:
        raise ConfigError(f"The JWKS file {path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f'The JWKS file {path} is not JSON of the form {{"keys": [...]}}.') from None
    keys: dict[str, jwt.PyJWK] = {}
    for place, entry in enumerate(entries):
        kid = entry.get("kid", "")
        if not isinstance(kid, str) or kid in keys or (not kid and len(entries) > 1):
            raise ConfigError(f"The JWKS file {path} needs a kid of its own for each key (number {place}).")
        keys[kid] = _public_key(entry, f"Key {kid or place} of the JWKS file {path}")
    if not keys:
        raise ConfigError(f"The JWKS file {path} holds no key for signatures.")
    return keys


def _public_key(entry: Mapping[str, Any], which: str) -> jwt.PyJWK:
    algorithm = _ALGORITHMS.get((entry.get("kty"), entry.get("crv")))  # type: ignore[arg-type]  # else None
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        raise ConfigError(f"{which} is of no kind that is accepted; those are RS256, ES256 and EdDSA.")
    if "d" in entry:
        raise ConfigError(f"{which} is a private key; keep it with the signer, and list its public half.")
    try:
        key = jwt.PyJWK(dict(entry), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise ConfigError(f"{which} is damaged.") from None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < _MIN_RSA_BITS:
        raise ConfigError(f"{which} has {key.key.key_size} bits; {_MIN_RSA_BITS} are the least.")
    return key
