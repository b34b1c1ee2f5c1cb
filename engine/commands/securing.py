"""Settings become what a server asks of its callers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import structlog

from engine.config import ServeSettings
from engine.errors import ConfigError
from engine.rpc.security import Security
from engine.security.access import Access
from engine.security.audit import AuditLog
from engine.security.certificates import Certificates
from engine.security.exposure import check_exposure, is_loopback
from engine.security.keys import Keys
from engine.security.limiter import Limiter
from engine.security.reload import Reloaded, Reloader
from engine.security.tokens import Tokens
from engine.security.usage import Usage

_log = structlog.get_logger()


@contextmanager
def open_security(settings: ServeSettings) -> Iterator[Security]:
    """Reads every file and keeps up with its changes until the end.

    Raises ConfigError for settings that do not fit together, a file that cannot be used, and a server that
    would answer anybody on the network without having been told so.
    """
    _check(settings)
    certificates, keys, tokens = _certificates(settings), _keys(settings), _tokens(settings)
    audit = AuditLog(settings.audit_log)
    audit.check()
    watched = [files for files in (certificates, keys, tokens) if files is not None]
    with ExitStack() as opened:
        access = None
        if keys is not None or tokens is not None:
            usage = Usage(settings.key_usage)
            opened.callback(usage.close)
            access = Access(keys, tokens, Limiter(usage))
        if watched:
            opened.callback(Reloader(watched).close)
        yield Security(access, certificates, audit, settings.reflection)


@contextmanager
def shared_usage(settings: ServeSettings) -> Iterator[ServeSettings]:
    """Settings by which processes count the calls of keys together."""
    if settings.keys is None or settings.key_usage is not None:
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="cartograph-") as folder:
        yield settings.model_copy(update={"key_usage": Path(folder) / "key_usage"})


def _check(settings: ServeSettings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key belong together; give both, or neither.")
    if settings.tls_client_ca is not None and settings.tls_cert is None:
        raise ConfigError(
            "--tls-client-ca needs --tls-cert and --tls-key: it is about encrypted connections."
        )
    if settings.jwks is not None and not settings.jwt_audience:
        raise ConfigError(
            "--jwks needs --jwt-audience: else a token that was made for another service would open this one."
        )
    if settings.jwks is None and (settings.jwt_audience or settings.jwt_issuer):
        raise ConfigError("--jwt-audience and --jwt-issuer need --jwks: nothing else verifies tokens.")
    named = (settings.keys, settings.jwks, settings.tls_client_ca)
    check_exposure(
        settings.host,
        authenticated=any(path is not None for path in named),
        allowed=settings.network_without_authentication,
    )
    if (settings.keys or settings.jwks) and not settings.tls_cert and not is_loopback(settings.host):
        _log.warning("keys are sent unencrypted: give --tls-cert, or let a proxy encrypt")


def _certificates(settings: ServeSettings) -> Reloaded[Certificates] | None:
    cert, key, authority = settings.tls_cert, settings.tls_key, settings.tls_client_ca
    if cert is None or key is None:
        return None
    paths = [cert, key] if authority is None else [cert, key, authority]
    return Reloaded(paths, partial(Certificates.read, *paths))


def _keys(settings: ServeSettings) -> Reloaded[Keys] | None:
    return None if settings.keys is None else Reloaded([settings.keys], partial(Keys.read, settings.keys))


def _tokens(settings: ServeSettings) -> Reloaded[Tokens] | None:
    if settings.jwks is None:
        return None
    read = partial(Tokens.read, settings.jwks, settings.jwt_audience, settings.jwt_issuer)
    return Reloaded([settings.jwks], read)
