"""What is checked of certificates before they are used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from engine.errors import ConfigError
from engine.security.certificates import Certificates
from tests.certificates import Authority, pem_of

AUTHORITY = Authority()


@pytest.fixture
def cert(tmp_path: Path) -> Path:
    return AUTHORITY.issue().write(tmp_path, "server")[0]


@pytest.fixture
def key(cert: Path) -> Path:
    return cert.with_suffix(".key")


def test_a_certificate_with_its_key_and_an_authority_are_read(cert: Path, key: Path, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_bytes(AUTHORITY.cert)

    read = Certificates.read(cert, key, authority)

    assert (read.chain, read.key, read.client_ca) == (cert.read_bytes(), key.read_bytes(), AUTHORITY.cert)
    assert Certificates.read(cert, key).client_ca is None


def test_a_chain_expires_when_its_first_certificate_does(tmp_path: Path) -> None:
    short, long = AUTHORITY.issue(days=2), AUTHORITY.issue(days=20)
    chain = Certificates(long.cert + short.cert, long.key)

    assert timedelta(days=1.9) < chain.expires - datetime.now(UTC) < timedelta(days=2.1)


def test_the_key_of_another_certificate_is_refused(cert: Path, key: Path) -> None:
    key.write_bytes(AUTHORITY.issue().key)

    with pytest.raises(
        ConfigError, match=r"server\.key is not that of the first certificate in .*server\.pem"
    ):
        Certificates.read(cert, key)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(cert: Path, key: Path) -> None:
    key.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1()), b"secret"))

    with pytest.raises(ConfigError, match=r"server\.key is no PEM key without a password"):
        Certificates.read(cert, key)


def test_an_expired_certificate_is_refused_with_its_date(tmp_path: Path) -> None:
    cert, key = AUTHORITY.issue(days=-3).write(tmp_path, "old")

    with pytest.raises(ConfigError, match=r"old\.pem expired on \d{4}-\d\d-\d\d"):
        Certificates.read(cert, key)


@pytest.mark.parametrize("broken", ["cert", "key", "authority"])
@pytest.mark.parametrize("how", ["missing", "rubbish"])
def test_a_file_that_is_missing_or_rubbish_is_named(
    cert: Path, key: Path, tmp_path: Path, broken: str, how: str
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_bytes(AUTHORITY.cert)
    path = {"cert": cert, "key": key, "authority": authority}[broken]
    path.unlink()
    if how == "rubbish":
        path.write_text("-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n")

    with pytest.raises(ConfigError, match=path.name):
        Certificates.read(cert, key, authority)
