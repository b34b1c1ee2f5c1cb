"""The server's certificate, its key, and the authority of its callers' certificates, all PEM."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Certificates:
    """Bytes that were read once, and belong together. With `client_ca`, callers need a certificate of it."""

    chain: bytes
    key: bytes
    client_ca: bytes | None = None

    @property
    def expires(self) -> datetime:
        """When the first of the chain does (UTC)."""
        return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(self.chain))

    @classmethod
    def read(cls, cert: Path, key: Path, client_ca: Path | None = None) -> Certificates:
        """Raises ConfigError for a file that is missing or no PEM, a key of another certificate, and a
        certificate that has expired.
        """
        chain, private = _bytes(cert, "certificate"), _bytes(key, "key")
        own = _certificates(chain, cert)[0]
        try:
            public = load_pem_private_key(private, None).public_key()
        except (ValueError, TypeError):  # TypeError: it wants a password
            raise ConfigError(f"The TLS key {key} is no PEM key without a password.") from None
        if public != own.public_key():
            raise ConfigError(f"The TLS key {key} is not that of the first certificate in {cert}.")
        if own.not_valid_after_utc < datetime.now(UTC):
            raise ConfigError(f"The TLS certificate {cert} expired on {own.not_valid_after_utc:%Y-%m-%d}.")
        if client_ca is None:
            return cls(chain, private)
        authority = _bytes(client_ca, "authority")
        _certificates(authority, client_ca)
        return cls(chain, private, authority)


def _bytes(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"The TLS {what} {path} cannot be read: {error.strerror}.") from None


def _certificates(content: bytes, path: Path) -> list[x509.Certificate]:
    """One at least."""
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise ConfigError(f"The TLS certificate {path} is not PEM.") from None
