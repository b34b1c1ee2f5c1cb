"""Who signs tokens, and every way of signing them wrongly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE, ISSUER = "shop-search", "https://login.shop.example"
ALGORITHMS = ("RS256", "ES256", "EdDSA")


class Signer:
    """Holds a private key; `jwk` is its public half."""

    def __init__(self, algorithm: str = "ES256", kid: str = "k1") -> None:
        self._algorithm, self._kid = algorithm, kid
        self.key: Any
        if algorithm == "RS256":
            self.key = rsa.generate_private_key(65_537, 2_048)
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key())
        elif algorithm == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
            public = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key())
        else:
            self.key = ed25519.Ed25519PrivateKey.generate()
            public = jwt.algorithms.OKPAlgorithm.to_jwk(self.key.public_key())
        self.jwk: dict[str, Any] = {**json.loads(public), "kid": kid, "use": "sig"}

    def write_jwks(self, path: Path) -> Path:
        path.write_text(json.dumps({"keys": [self.jwk]}))
        return path

    def token(self, **claims: Any) -> str:
        """Good for an hour; a claim of None is left out."""
        return jwt.encode(_claims(claims), self.key, self._algorithm, headers={"kid": self._kid})

    def unsigned(self) -> str:
        return jwt.encode(_claims({}), "", "none", headers={"kid": self._kid})

    def signed_with_the_public_key_as_secret(self) -> str:
        """By hand: PyJWT itself refuses to make one."""
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        header = {"alg": "HS256", "typ": "JWT", "kid": self._kid}
        body = b".".join(_encoded(json.dumps(part).encode()) for part in (header, _claims({})))
        signature = hmac.new(public, body, hashlib.sha256).digest()
        return (body + b"." + _encoded(signature)).decode()


def _claims(changed: dict[str, Any]) -> dict[str, Any]:
    usual = {
        "sub": "backend@shop.example",
        "aud": AUDIENCE,
        "iss": ISSUER,
        "exp": int(time.time()) + 3_600,
        "scope": "search",
    }
    return {name: value for name, value in (usual | changed).items() if value is not None}


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
